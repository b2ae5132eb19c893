select
  merchant, currency,
  count_if(captured > 0) as captures,
  count_if(refunded > 0) as with_refunds,
  sum(captured) as captured, sum(refunded) as refunded,
  round(1e4 * sum(refunded) / sum(captured)) / 1e2 as refunded_percent
from payments
where captured > 0 and created_at >= cast(:since as timestamp) and created_at < cast(:until as timestamp)
group by merchant, currency
order by merchant, currency
