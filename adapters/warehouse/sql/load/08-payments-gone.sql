-- Payments of which something new came are made again, from all that is known of them.
DELETE FROM finance.payments WHERE payment IN (
  SELECT payment FROM judged_events WHERE reason IS NULL AND type LIKE 'payment.%'
)
