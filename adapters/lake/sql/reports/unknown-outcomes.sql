-- within 1: seconds_to_resolve seconds_at_most
select
  coalesce(acquirer, '(none answered)') as acquirer, currency, count(*) as unknown,
  count_if(state = 'in_review') as still_unknown,
  round(avg(date_diff('millisecond', reviewed_at, resolved_at) / 1e3)) as seconds_to_resolve,
  round(max(date_diff('millisecond', reviewed_at, resolved_at) / 1e3)) as seconds_at_most
from payments
where reviewed_at is not null and created_at >= cast(:since as timestamp) and created_at < cast(:until as timestamp)
group by 1, currency
order by 1, currency
