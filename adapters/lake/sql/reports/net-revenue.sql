select merchant, currency, count(*) as captures, sum(fee) as fees
from fees
where recorded_at >= cast(:since as timestamp) and recorded_at < cast(:until as timestamp)
group by merchant, currency
order by merchant, currency
