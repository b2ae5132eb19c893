import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { foldDocuments } from "#local/plan/documents.ts";
import type { Plan, PlanResource } from "#local/plan/plan.ts";
import { committed, projectRoot } from "../committed-plan.ts";
import type { Registration } from "../render/engine.ts";
import { planOf } from "../render/lock.ts";
import { evaluateApp } from "../render/program.ts";
import { type Account, startAccount } from "./account.ts";
import { type Ended, runSst } from "./sst.ts";

/** The real binary on an empty account: our renderer is held against what it does. */

const region = "eu-west-1";

let account: Account;
beforeEach(async () => {
  account = await startAccount("123456789012", region);
});
afterEach(() => account.close());

/** What the binary's program registered, as a lock would hold it. */
async function planFrom(stage: string, { registrations }: Ended): Promise<Plan> {
  const app = await evaluateApp(projectRoot, stage);
  return planOf({ root: projectRoot, app, sstVersion: "", registrations, handlers: new Map() });
}

/** Who bundled a function, and which file declares it, only our renderer notes. */
const comparable = ({ handler: _, declared_in: __, ...rest }: PlanResource): object => foldDocuments(rest);

const isOnAws = ({ custom, type }: Registration): boolean => custom && !type.startsWith("pulumi:");

describe("the sst binary", () => {
  it.each(["production", "production-standby"] as const)(
    "deploys %s to what the committed plan says, resource by resource",
    async (stage) => {
      const ended = await runSst(projectRoot, ["deploy", "--stage", stage], account);
      expect(ended).toMatchObject({
        exitCode: 0,
        output: expect.stringMatching(/✓ {2}Complete[\s\S]*api: https:/),
      });
      const { resources } = await planFrom(stage, ended);
      expect(resources.map(comparable)).toEqual(committed(stage).resources.map(comparable));
      // A first deployment prepares the account.
      expect(account.asked).toContain("AmazonSSM.PutParameter /sst/bootstrap");
    },
  );

  it("shows what a deployment of dev would create", async () => {
    const ended = await runSst(projectRoot, ["diff", "--stage", "dev"], account);
    expect(ended).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining("PaymentSaga aws:sfn:StateMachine"),
    });
    expect((await planFrom("dev", ended)).resources.length).toBeGreaterThan(200);
  });

  it("is stopped by a stage that is none, before anything is created", async () => {
    const ended = await runSst(projectRoot, ["deploy", "--stage", "prodution"], account);
    expect(ended.exitCode).not.toBe(0);
    expect(ended.output).toContain('"prodution" is not a stage of tallystick');
    expect(ended.registrations.filter(isOnAws)).toEqual([]);
  });

  it("is stopped by credentials of another account, before anything is created", async () => {
    const ended = await runSst(projectRoot, ["deploy", "--stage", "dev"], account, "210987654321");
    expect(ended.exitCode).not.toBe(0);
    expect(ended.output).toContain("These credentials are of account 210987654321, and stage dev belongs to");
    expect(ended.registrations.filter(({ custom, type }) => custom && !type.startsWith("pulumi:"))).toEqual(
      [],
    );
  });
});
