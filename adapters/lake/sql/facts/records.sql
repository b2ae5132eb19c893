-- Records of the journal, each once.
select
  id as event_id, type, cast(from_iso8601_timestamp(created_at) as timestamp) as recorded_at, book,
  record.entry as entry, record.legs as legs, record.released as released
from (
  select id, type, created_at, book, record, row_number() over (partition by id order by day) as delivery
  from payment_events
  where day >= :day
    and type like 'ledger.%' and schema = 1 and id is not null and book is not null
    and regexp_like(created_at, '^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9][.][0-9]{3}Z$')
    and record.entry is not null and record.legs is not null and record.released is not null
) as deliveries
where delivery = 1
