-- How many of a day's card payments each acquirer approved, in percent of those that it decided.
with decided as (
  select distinct
    data.id as payment,
    data.acquirer as acquirer,
    data.currency as currency,
    substr(created_at, 1, 10) as decided_on,
    type
  from payment_events
  where day >= cast(current_date - interval '30' day as varchar)
    and type in ('payment.authorized', 'payment.declined')
    and data.method.type = 'card'
)
select
  decided_on,
  acquirer,
  currency,
  count(*) as decisions,
  round(1e2 * count_if(type = 'payment.authorized') / count(*), 2) as approved_percent
from decided
group by decided_on, acquirer, currency
order by decided_on desc, acquirer, currency
