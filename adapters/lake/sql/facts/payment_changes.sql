-- Changes of payments, each once, as columns: an event comes at least once, and is filed under the day of its arrival. What
-- cannot be counted is left out, as the warehouse parks it.
select
  id as event_id, data.id as payment, sequence, type, cast(from_iso8601_timestamp(created_at) as timestamp) as created_at,
  cast(from_iso8601_timestamp(data.created_at) as timestamp) as began_at, book, data.state as state,
  data.currency as currency, data.amount as amount, data.amount_captured as captured, data.amount_refunded as refunded,
  data.method.type as method, data.method.brand as brand, data.acquirer as acquirer, data.decline.code as decline_code
from (
  select id, data, sequence, type, created_at, book, row_number() over (partition by id order by day) as delivery
  from payment_events
  where day >= :day
    and type like 'payment.%' and schema = 1 and id is not null and book is not null and sequence is not null
    and regexp_like(created_at, '^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9][.][0-9]{3}Z$')
    and data.id is not null and data.state is not null and data.currency is not null and data.method.type is not null
    and data.amount is not null and data.amount_captured is not null and data.amount_refunded is not null
) as deliveries
where delivery = 1
