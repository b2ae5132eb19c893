-- Up to when the stream was taken over, for whoever asks whether a day is whole: the landing itself is its owner's.
CREATE VIEW finance.loads AS SELECT refreshed_at, loaded_at FROM landing.loads;
