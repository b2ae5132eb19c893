-- Each payment, as it stood last, with the times of what became of it. When it began it says itself: its first event may be
-- of before the days that are read.
select
  latest.payment, latest.book as merchant, latest.state, latest.currency, latest.amount, latest.captured, latest.refunded,
  latest.method, latest.brand, coalesce(latest.acquirer, times.acquirer) as acquirer, latest.decline_code,
  times.created_at, times.authorized_at, times.declined_at, times.captured_at, times.reviewed_at, times.resolved_at
from (
  select *, row_number() over (partition by payment order by sequence desc) as place from payment_changes
) as latest
join (
  select
    payment,
    min(began_at) as created_at,
    min(case when type = 'payment.authorized' then created_at end) as authorized_at,
    min(case when type = 'payment.declined' then created_at end) as declined_at,
    min(case when type = 'payment.captured' then created_at end) as captured_at,
    min(case when state = 'in_review' then created_at end) as reviewed_at,
    max(case when was = 'in_review' and state <> 'in_review' then created_at end) as resolved_at,
    max(acquirer) as acquirer
  from (
    select *, lag(state) over (partition by payment order by sequence) as was from payment_changes
  ) as changes
  group by payment
) as times on times.payment = latest.payment
where latest.place = 1
