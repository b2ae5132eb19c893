-- within 1: authorized_p50_ms authorized_p95_ms captured_p50_ms captured_p95_ms
-- Athena has no exact percentile. Between the two payments next to it a percentile lies as far as it is from each: their
-- weights are one less their distance, and those of all others nothing.
select
  acquirer, currency, count(*) as authorized,
  round(sum(authorized_ms * greatest(0e0, 1 - abs(authorized_place - 1 - 5e-1 * (authorized_count - 1))))) as authorized_p50_ms,
  round(sum(authorized_ms * greatest(0e0, 1 - abs(authorized_place - 1 - 95e-2 * (authorized_count - 1))))) as authorized_p95_ms,
  round(sum(captured_ms * greatest(0e0, 1 - abs(captured_place - 1 - 5e-1 * (captured_count - 1))))) as captured_p50_ms,
  round(sum(captured_ms * greatest(0e0, 1 - abs(captured_place - 1 - 95e-2 * (captured_count - 1))))) as captured_p95_ms
from (
  select
    acquirer, currency, authorized_ms, captured_ms,
    row_number() over (partition by acquirer, currency order by authorized_ms) as authorized_place,
    count(authorized_ms) over (partition by acquirer, currency) as authorized_count,
    row_number() over (partition by acquirer, currency order by captured_ms nulls last) as captured_place,
    count(captured_ms) over (partition by acquirer, currency) as captured_count
  from (
    select
      acquirer, currency,
      date_diff('millisecond', created_at, authorized_at) as authorized_ms,
      date_diff('millisecond', created_at, captured_at) as captured_ms
    from payments
    where method = 'card' and authorized_at is not null
      and created_at >= cast(:since as timestamp) and created_at < cast(:until as timestamp)
  ) as authorizations
) as placed
group by acquirer, currency
order by acquirer, currency
