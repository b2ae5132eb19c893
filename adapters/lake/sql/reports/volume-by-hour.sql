select
  date_format(date_trunc('hour', created_at), '%Y-%m-%d %H:%i') as hour, currency,
  count(*) as payments, sum(captured) as captured
from payments
where created_at >= cast(:since as timestamp) and created_at < cast(:until as timestamp)
group by 1, 2
order by 1, 2
