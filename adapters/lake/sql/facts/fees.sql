-- What merchants paid for their captures, by the fee accounts.
select merchant, entry, currency, -moved as fee, recorded_at
from entries
where account like '%:4000:%' and moved <> 0
