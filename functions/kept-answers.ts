/**
 * Seconds from an answer to when its key forgets it. Answers are replayed for at least a day by contract; the second day
 * is for callers that retry by batch, at night. A failover counts back by it: an answer bears no time but its end.
 */
export const answersKeptSeconds = 48 * 3_600;
