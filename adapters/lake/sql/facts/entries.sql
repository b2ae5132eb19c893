-- Each leg of the journal, once. Moved: what it adds to its account's balance, debits positive; held the same for holds. What
-- a refused entry proposed moves nothing; what a hold held is released by its end. A delivery with a leg that cannot be read
-- is left out whole.
select
  event_id, part, place, type, book as merchant, entry, account, currency,
  case when part = 'legs' and type in ('ledger.posted', 'ledger.hold_posted') then signed else 0 end as moved,
  case when part = 'released' then -signed when type = 'ledger.held' then signed else 0 end as held,
  recorded_at
from (
  select *, min(delivery) over (partition by event_id) as counted
  from (
    select
      event_id, delivery, part, place, type, book, entry, account, currency, recorded_at,
      case when side = 'debit' then amount else -amount end as signed,
      min(
        case
          when length(account) <= 128 and side in ('debit', 'credit') and amount >= 0 and length(currency) = 3 then 1
          else 0
        end
      ) over (partition by event_id, delivery) as is_fit
    from records
    cross join (values ('legs'), ('released')) as parts (part)
    cross join unnest(case when part = 'legs' then legs else released end) with ordinality
      as leg (account, side, amount, currency, place)
  ) as judged
  where is_fit = 1
) as fit
where delivery = counted
