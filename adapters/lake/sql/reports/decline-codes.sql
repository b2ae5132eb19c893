select decline_code, acquirer, brand, count(*) as declined
from payments
where state = 'declined' and created_at >= cast(:since as timestamp) and created_at < cast(:until as timestamp)
group by decline_code, acquirer, brand
order by count(*) desc, decline_code, acquirer, brand
