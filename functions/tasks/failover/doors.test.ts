import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { IAMClient } from "@aws-sdk/client-iam";
import { LambdaClient } from "@aws-sdk/client-lambda";
import type { Context } from "aws-lambda";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { handler as enableSources } from "./enable-sources.ts";
import { handler as fenceOldRegion } from "./fence-old-region.ts";

/** What was asked of AWS, in its order, and what it answers to the next. */
let asked: object[];
let answer: (command: { readonly input: object }) => object;

const step = { began: 1_772_366_400_000, execution: "arn:aws:states:eu-central-1:1:execution:failover:1" };
const context = { getRemainingTimeInMillis: () => 60_000 } as Context;
const policy = "arn:aws:iam::1:policy/tallystick-production-fenced";

const roleIn = (input: object) => ("RoleName" in input ? input.RoleName : undefined);

beforeEach(() => {
  asked = [];
  answer = () => ({});
  for (const client of [IAMClient, LambdaClient, EventBridgeClient])
    vi.spyOn(client.prototype, "send").mockImplementation(async (command: { readonly input: object }) => {
      asked.push(command.input);
      return answer(command);
    });
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe("the region that is left", () => {
  test("is denied everything, role by role", async () => {
    vi.stubEnv("FENCED_ROLES", '["relay", "post-task"]');
    vi.stubEnv("FENCE_POLICY_ARN", policy);
    expect(await fenceOldRegion(step, context)).toEqual({ denied: 2 });
    expect(asked).toEqual([
      { RoleName: "relay", PolicyArn: policy },
      { RoleName: "post-task", PolicyArn: policy },
    ]);
  });

  test("is told to be out of reach by what it throws: the workflow goes on, and a person is told", async () => {
    vi.stubEnv("FENCED_ROLES", '["relay"]');
    answer = () => {
      throw new Error("us-east-1 does not answer");
    };
    await expect(fenceOldRegion(step, context)).rejects.toMatchObject({
      name: "RolesNotDenied",
      message: "1 of 1 roles: relay: us-east-1 does not answer",
    });
  });

  test("is denied as far as it can be: a role that is not denied keeps no other from it, and is named", async () => {
    const roles = Array.from({ length: 12 }, (_, n) => `role-${n}`);
    vi.stubEnv("FENCED_ROLES", JSON.stringify(roles));
    vi.stubEnv("FENCE_POLICY_ARN", policy);
    answer = ({ input }) => {
      if (roleIn(input) === "role-0" || roleIn(input) === "role-7")
        throw new Error(`${roleIn(input)} cannot be found`);
      return {};
    };
    await expect(fenceOldRegion(step, context)).rejects.toThrow(
      "2 of 12 roles: role-0, role-7: role-0 cannot be found; role-7 cannot be found",
    );
    expect(asked.map(roleIn).toSorted()).toEqual(roles.toSorted());
  });

  test("is nobody where a stage is alone", async () => {
    expect(await fenceOldRegion(step, context)).toEqual({ denied: 0 });
    expect(asked).toEqual([]);
  });
});

describe("the region that stood by", () => {
  test("has its sources and its schedules enabled", async () => {
    vi.stubEnv("STANDBY_CONSUMERS", '["relay", "check"]');
    vi.stubEnv("STANDBY_SCHEDULES", '["expire"]');
    answer = ({ input }) =>
      "FunctionName" in input ? { EventSourceMappings: [{ UUID: `${input.FunctionName}-1` }] } : {};
    expect(await enableSources(step, context)).toEqual({ mappings: 2, rules: 1 });
    expect(asked).toEqual([
      { FunctionName: "relay" },
      { UUID: "relay-1", Enabled: true },
      { FunctionName: "check" },
      { UUID: "check-1", Enabled: true },
      { Name: "expire" },
    ]);
  });

  test("is asked again for what is not enabled, and for nothing else: a mapping that is being changed takes no other", async () => {
    vi.stubEnv("STANDBY_CONSUMERS", '["relay"]');
    answer = ({ input }) =>
      "FunctionName" in input
        ? {
            EventSourceMappings: ["Enabled", "Enabling", "Disabled", "Disabling", undefined].map((State) => ({
              UUID: `${State}`,
              State,
            })),
          }
        : {};
    expect(await enableSources(step, context)).toEqual({ mappings: 5, rules: 0 });
    expect(asked.slice(1)).toEqual(
      ["Disabled", "Disabling", "undefined"].map((UUID) => ({ UUID, Enabled: true })),
    );
  });

  test("has nothing to enable where a stage is alone", async () => {
    expect(await enableSources(step, context)).toEqual({ mappings: 0, rules: 0 });
    expect(asked).toEqual([]);
  });
});
