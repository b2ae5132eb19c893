-- Each leg of the journal, once. Moved: what it adds to its account's balance, debits positive; held the same for holds. What
-- a refused entry proposed moves nothing; what a hold held is released by its end.
select
  event_id, part, place, type, book as merchant, entry, account, currency,
  case when part = 'legs' and type in ('ledger.posted', 'ledger.hold_posted') then signed else 0 end as moved,
  case when part = 'released' then -signed when type = 'ledger.held' then signed else 0 end as held,
  recorded_at
from (
  select
    event_id, part, place, type, book, entry, account, currency, recorded_at,
    case when side = 'debit' then amount else -amount end as signed
  from (
    select event_id, 'legs' as part, place, type, book, entry, account, side, amount, currency, recorded_at
    from records
    cross join unnest(legs) with ordinality as leg (account, side, amount, currency, place)
    union all
    select event_id, 'released' as part, place, type, book, entry, account, side, amount, currency, recorded_at
    from records
    cross join unnest(released) with ordinality as leg (account, side, amount, currency, place)
  ) as legs_of_both
) as signed_legs
