select
  acquirer, brand, currency,
  count(*) as decided,
  count_if(authorized_at is not null) as approved,
  round(1e3 * count_if(authorized_at is not null) / count(*)) / 1e1 as approved_percent
from payments
where method = 'card' and acquirer is not null and (authorized_at is not null or declined_at is not null)
  and created_at >= cast(:since as timestamp) and created_at < cast(:until as timestamp)
group by acquirer, brand, currency
order by acquirer, brand, currency
