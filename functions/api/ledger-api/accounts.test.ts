import { expect, test } from "vitest";
import type { Book, UserAccountId } from "#core/ledger/account.ts";
import { noCounters } from "#core/ledger/account.ts";
import type { UserAccount } from "#core/ledger/user-account.ts";
import { noon } from "#tests/support/examples.ts";
import { jsonRequest, merchantVerdict } from "#tests/support/requests.ts";
import { ledgerAccounts } from "./accounts.ts";

const account: UserAccount = {
  ...{ id: "acc_ana" as UserAccountId, book: "mer_demo" as Book, name: "Ana", currency: "USD" },
  ...{ normalSide: "credit", condition: "open", metadata: {}, openedAt: noon, version: 0, revision: 3 },
  ...noCounters,
};

test.each([
  ["nothing", {}, undefined],
  ["any version that there is", { "if-match": "*" }, undefined],
  ["the version that was seen", { "if-match": '"3"' }, 3],
])("If-Match with %s", async (_what, headers: Record<string, string>, expected) => {
  let asked: readonly unknown[] = [];
  const { changeAccount } = ledgerAccounts({
    accounts: {
      get: async () => account,
      change: async (...all: readonly unknown[]) => {
        asked = all;
        return { kind: "changed", account };
      },
    },
  } as never);
  const scope = "tallystick/ledger.write";
  await changeAccount({
    ...jsonRequest('{"state": "frozen"}', headers),
    parameters: { id: "acc_ana" },
    verdict: { ...merchantVerdict, scope },
  });
  expect(asked.at(-1)).toBe(expected);
});
