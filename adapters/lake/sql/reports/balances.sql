select merchant, account, currency, sum(moved) as balance, sum(held) as held
from entries
where recorded_at >= cast(:since as timestamp) and recorded_at < cast(:until as timestamp)
group by merchant, account, currency
order by merchant, account
