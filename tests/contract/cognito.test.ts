import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  type CreateUserPoolClientCommandInput,
  DescribeUserPoolClientCommand,
  ListUserPoolsCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PoolClients } from "#local/issuer/clients.ts";
import { userPoolEngine } from "#local/issuer/user-pool.ts";
import { type EngineDoor, openEngineDoor } from "#tests/support/engine-door.ts";

const poolId = "eu-west-1_tallystick";
const scopes = ["tallystick/payments.read", "tallystick/payments.write", "tallystick/ops.write"];
const machine: CreateUserPoolClientCommandInput = {
  UserPoolId: poolId,
  ClientName: "mer_new shop",
  GenerateSecret: true,
  AllowedOAuthFlows: ["client_credentials"],
  AllowedOAuthFlowsUserPoolClient: true,
  AllowedOAuthScopes: ["tallystick/payments.read"],
};

let directory: string;
let door: EngineDoor;
let cognito: CognitoIdentityProviderClient;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "tallystick-user-pool-"));
  door = await openEngineDoor(userPoolEngine({ poolId, scopes, clients: clients(), clock: () => 1_000_500 }));
  cognito = new CognitoIdentityProviderClient(door.client);
});
afterAll(async () => {
  cognito.destroy();
  await door.stop();
  rmSync(directory, { recursive: true });
});

const clients = () => new PoolClients(join(directory, "clients.json"), scopes);
const create = (input: Partial<CreateUserPoolClientCommandInput> = {}) =>
  cognito.send(new CreateUserPoolClientCommand({ ...machine, ...input }));
const refusalOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "no refusal",
    (thrown: Error) => thrown.name,
  );

test("a client is made with an id and a secret, as Cognito describes it, and is there after a restart", async () => {
  const { UserPoolClient: made } = await create();
  expect(made).toEqual({
    UserPoolId: poolId,
    ClientName: "mer_new shop",
    ClientId: expect.stringMatching(/^[a-z0-9]{26}$/),
    ClientSecret: expect.any(String),
    AllowedOAuthFlows: ["client_credentials"],
    AllowedOAuthFlowsUserPoolClient: true,
    AllowedOAuthScopes: ["tallystick/payments.read"],
    CreationDate: new Date(1_000_500),
    LastModifiedDate: new Date(1_000_500),
  });
  const ClientId = made?.ClientId ?? "";
  const described = await cognito.send(new DescribeUserPoolClientCommand({ UserPoolId: poolId, ClientId }));
  expect(described.UserPoolClient).toEqual(made);
  expect(clients().findCreated(ClientId)).toMatchObject({
    clientSecret: made?.ClientSecret,
    scopes: ["tallystick/payments.read"],
  });
});

test("two clients may have one name, and are two", async () => {
  const [one, other] = [await create(), await create()];
  expect(one.UserPoolClient?.ClientId).not.toBe(other.UserPoolClient?.ClientId);
});

test.each<[string, Partial<CreateUserPoolClientCommandInput>, string]>([
  ["another pool", { UserPoolId: "eu-west-1_other" }, "ResourceNotFoundException"],
  ["no secret", { GenerateSecret: false }, "InvalidOAuthFlowException"],
  ["a scope of no resource server", { AllowedOAuthScopes: ["tallystick/all"] }, "ScopeDoesNotExistException"],
  ["a name with a slash", { ClientName: "a/b" }, "InvalidParameterException"],
  ["what this engine does not have", { AccessTokenValidity: 5 }, "InvalidParameterException"],
])("a client with %s is refused", async (_what, input, refusal) => {
  expect(await refusalOf(create(input))).toBe(refusal);
});

test("a client that was never made cannot be described, and the pools of the account cannot be listed", async () => {
  const describe = new DescribeUserPoolClientCommand({ UserPoolId: poolId, ClientId: "x".repeat(26) });
  expect(await refusalOf(cognito.send(describe))).toBe("ResourceNotFoundException");
  expect(await refusalOf(cognito.send(new ListUserPoolsCommand({ MaxResults: 1 })))).toBe(
    "UnknownOperationException",
  );
});

test("a pool of a thousand clients takes no more", () => {
  const full = new PoolClients(join(directory, "full.json"), scopes);
  const made = Array.from({ length: 1_000 }, (_, n) => full.create(`c${n}`, scopes, n));
  expect(made.filter((client) => client === undefined)).toHaveLength(4);
});
