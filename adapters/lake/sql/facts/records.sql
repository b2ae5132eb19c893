-- Records of the journal, as often as they came: which of the deliveries of one is counted, its legs say.
select
  id as event_id, row_number() over (partition by id order by day) as delivery, type,
  cast(from_iso8601_timestamp(created_at) as timestamp) as recorded_at, book, record.entry as entry,
  record.legs as legs, record.released as released
from payment_events
where day >= :day
  and regexp_like(type, '^ledger[.][a-z_]{1,33}$') and schema = 1 and length(id) <= 30 and length(book) <= 64
  and regexp_like(created_at,
    '^20([0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([02468][048]|[13579][26])-02-29)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{3}Z$')
  and length(record.entry) <= 128 and record.legs is not null and record.released is not null
