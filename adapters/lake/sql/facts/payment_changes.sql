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
    and regexp_like(type, '^payment[.][a-z_]{1,32}$') and schema = 1 and length(id) <= 30 and length(book) <= 64
    and regexp_like(created_at,
      '^20([0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([02468][048]|[13579][26])-02-29)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{3}Z$')
    and regexp_like(data.created_at,
      '^20([0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([02468][048]|[13579][26])-02-29)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{3}Z$')
    and sequence >= 1 and length(data.id) <= 40 and length(data.state) <= 20 and length(data.currency) = 3
    and length(data.method.type) <= 10 and data.amount >= 0 and data.amount_captured >= 0 and data.amount_refunded >= 0
    and coalesce(length(data.method.brand), 0) <= 20 and coalesce(length(data.acquirer), 0) <= 64
    and coalesce(length(data.decline.code), 0) <= 64 and coalesce(length(data.failure.code), 0) <= 64
) as deliveries
where delivery = 1
