-- All that became of one payment, from the archive: word by word as it was sent, each event once.
-- Give the payment's id, and the days between which it lived: each day is a folder, and others are not read.
select
  cast(json_extract_scalar(event, '$.sequence') as integer) as sequence,
  json_extract_scalar(event, '$.created_at') as created_at,
  json_extract_scalar(event, '$.type') as type,
  arbitrary(event) as event
from archived_events
where day between ? and ?
  and json_extract_scalar(event, '$.data.id') = ?
group by 1, 2, 3
order by 1
