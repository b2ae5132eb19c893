import { expect, test } from "vitest";
import type { Standing } from "#adapters/books/settlement.ts";
import { eventually } from "#tests/support/eventually.ts";
import { type StandingSaid, StandingTeller } from "./standing.ts";

const standing: Standing = { openBreaks: 0, oldest: undefined, parked: 2, flaws: 3 };
const friday = Date.parse("2026-03-06T12:00:00Z");
const monday = Date.parse("2026-03-09T08:00:00Z");

/** Answers in turn; the last one for ever. */
function telling(...answers: readonly (Standing | Error)[]) {
  const said: StandingSaid[] = [];
  const errors: string[] = [];
  let asked = 0;
  const teller = new StandingTeller(
    {
      settlement: {
        standing: async () => {
          const answer = answers[Math.min(asked, answers.length - 1)] ?? standing;
          asked += 1;
          if (answer instanceof Error) throw answer;
          return answer;
        },
      },
      clock: () => monday,
      say: (word) => said.push(word),
      tell: ({ message }) => errors.push(message),
    },
    1,
  );
  return { said, errors, teller };
}

test("how settlement stands is said at once, with the age of the oldest break in business days", async () => {
  const { said, teller } = telling({ ...standing, openBreaks: 4, oldest: new Date(friday) });
  await eventually(async () => (said.length > 0 ? true : undefined));
  await teller.stop();
  expect(said[0]).toEqual({
    ...{ open_breaks: 4, oldest_break_business_days: 1, parked_records: 2, kept_flaws: 3 },
  });
});

test("it is said again and again, also after it failed, and never once it was stopped", async () => {
  const { said, errors, teller } = telling(standing, new Error("no books"), standing);
  await eventually(async () => (said.length > 2 ? true : undefined));
  await teller.stop();
  const count = said.length;
  expect(errors).toEqual(["no books"]);
  expect(said[0]).toMatchObject({ open_breaks: 0, oldest_break_business_days: 0 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(said).toHaveLength(count);
});
