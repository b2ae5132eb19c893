-- Each payment once, as it stood last. Events come at least once and in any order: the sequence decides. Times are UTC.
-- An event is filed under the day of its arrival (UTC), seldom another than its own.
with last_events as (
  select
    book,
    data,
    row_number() over (partition by data.id order by sequence desc) as place
  from payment_events
  where day >= cast(current_date - interval '90' day as varchar)
    and type like 'payment.%'
)
select
  data.id as payment,
  book,
  data.state as state,
  data.currency as currency,
  data.amount as amount_minor,
  data.amount_captured as captured_minor,
  data.amount_refunded as refunded_minor,
  data.acquirer as acquirer,
  data.method.type as method,
  data.method.brand as brand,
  data.decline.code as decline_code,
  cast(from_iso8601_timestamp(data.created_at) as timestamp) as created_at,
  cast(from_iso8601_timestamp(data.updated_at) as timestamp) as updated_at
from last_events
where place = 1
