-- Payments of which something new came are made again, from all that is known of them.
DELETE FROM finance.payments WHERE payment IN (SELECT payment FROM landing.payment_changes)
