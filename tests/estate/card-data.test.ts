import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { committed, listOf, projectRoot, type RoleInputs } from "./committed-plan.ts";

/** The page that shows where card data flows is held against the plans of both regions. */

const page = readFileSync(join(projectRoot, "docs/card-data.md"), "utf8");

/** A function's row in the page's table: `CardTokensApi dynamodb:PutItem`, `AuthorizeTask VaultKey kms:Decrypt`. */
const drawn = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| function"))
  .flatMap((line) => {
    const [, name = "", ...cells] = line.split("|").map((cell) => cell.trim());
    return [...cells.join().matchAll(/`([^`]+)`/g)].map(([, right]) => `${name} ${right}`);
  });

/** What a stage's roles may do with the vault's table, and with the keys by which a card is sealed, opened or known. */
function granted(stage: "production" | "production-standby"): string[] {
  const plan = committed(stage);
  const table = "table/tallystick-production-vault";
  const keyIds = ["VaultKey", "FingerprintKey"].map(
    (name) => [name, String(committed("production").resource(name).outputs?.["keyId"])] as const,
  );
  return plan.ofType<Partial<RoleInputs>>("aws:iam/role:Role").flatMap((role) => {
    const name = role.name.replace(/Role$/, "");
    const statements = (role.inputs.inlinePolicies ?? []).flatMap(({ policy }) => policy.Statement);
    return statements.flatMap(({ Effect, Action, Resource }) => {
      if (Effect !== "Allow") return [];
      const resources = listOf(Resource);
      const keys = keyIds.filter(([, id]) => resources.some((each) => each.endsWith(id)));
      const subjects = [
        ...(resources.some((each) => each.includes(table)) ? [""] : []),
        ...keys.map(([key]) => `${key} `),
      ];
      return subjects.flatMap((subject) => listOf(Action).map((action) => `${name} ${subject}${action}`));
    });
  });
}

describe("where card data flows", () => {
  it.each(["production", "production-standby"] as const)(
    "is drawn as it is in %s: nobody else has a right on the vault",
    (stage) => {
      expect(granted(stage).toSorted()).toEqual(drawn.toSorted());
    },
  );

  it("names each function in the picture too", () => {
    const names = new Set(drawn.map((right) => right.split(" ")[0] ?? ""));
    const picture = /```mermaid\n([\s\S]+?)```/.exec(page)?.[1] ?? "";
    for (const name of names) expect(picture).toContain(`[[${name}]]`);
  });
});
