import { z } from "zod";
import { errorAnswer, jsonAnswer } from "../door/answers.ts";
import { inputOf } from "../door/call-input.ts";
import type { AwsAnswer, AwsCall, Engine } from "../door/engine.ts";
import type { Client, CreatedClient, PoolClients } from "./clients.ts";

export interface UserPoolOptions {
  readonly poolId: string;
  /** What the pool's resource servers define. */
  readonly scopes: readonly string[];
  readonly clients: Pick<PoolClients, "create" | "findCreated">;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

/** Members that this engine does not have are refused, not overlooked. */
const createInput = z.strictObject({
  UserPoolId: z.string(),
  ClientName: z.string().regex(/^[\w\s+=,.@-]{1,128}$/),
  GenerateSecret: z.boolean().default(false),
  AllowedOAuthFlows: z.tuple([z.literal("client_credentials")]),
  // Without it Cognito ignores the flows and the scopes.
  AllowedOAuthFlowsUserPoolClient: z.literal(true),
  AllowedOAuthScopes: z.array(z.string()).min(1).max(50),
});
const describeInput = z.strictObject({ UserPoolId: z.string(), ClientId: z.string() });

/**
 * Cognito's user pool as far as machines sign in to it: its app clients. The token issuer reads the same clients, so that
 * a new one gets a token at once.
 */
export function userPoolEngine({ poolId, scopes, clients, clock }: UserPoolOptions): Engine {
  return {
    service: "cognito-idp",
    handle: (call) => Promise.resolve(handle(call)),
  };

  function handle(call: AwsCall): AwsAnswer {
    switch (call.action) {
      case "CreateUserPoolClient":
        return withInput(call, createInput, create);
      case "DescribeUserPoolClient":
        return withInput(call, describeInput, describe);
      default:
        return errorAnswer("UnknownOperationException", `The local Cognito has no ${call.action}.`);
    }
  }

  function withInput<Input extends { readonly UserPoolId: string }>(
    call: AwsCall,
    schema: z.ZodType<Input>,
    act: (input: Input) => AwsAnswer,
  ): AwsAnswer {
    const parsed = schema.safeParse(inputOf(call));
    if (!parsed.success) return errorAnswer("InvalidParameterException", z.prettifyError(parsed.error));
    if (parsed.data.UserPoolId === poolId) return act(parsed.data);
    return errorAnswer("ResourceNotFoundException", `User pool ${parsed.data.UserPoolId} does not exist.`);
  }

  function create(input: z.output<typeof createInput>): AwsAnswer {
    if (!input.GenerateSecret) {
      return errorAnswer(
        "InvalidOAuthFlowException",
        "client_credentials flow can not be selected if client does not have a client secret.",
      );
    }
    const unknown = input.AllowedOAuthScopes.filter((scope) => !scopes.includes(scope));
    if (unknown.length > 0)
      return errorAnswer("ScopeDoesNotExistException", `Invalid scope requested: ${unknown.join(", ")}`);
    const client = clients.create(input.ClientName, input.AllowedOAuthScopes, clock());
    if (client === undefined)
      return errorAnswer("LimitExceededException", "The user pool has as many app clients as it can have.");
    return jsonAnswer({ UserPoolClient: viewOf(client) });
  }

  function describe({ ClientId }: z.output<typeof describeInput>): AwsAnswer {
    const client = clients.findCreated(ClientId);
    if (client === undefined)
      return errorAnswer("ResourceNotFoundException", `User pool client ${ClientId} does not exist.`);
    return jsonAnswer({ UserPoolClient: viewOf(client) });
  }

  function viewOf(client: CreatedClient) {
    return {
      UserPoolId: poolId,
      ...credentialsIn(client),
      AllowedOAuthFlows: ["client_credentials"],
      AllowedOAuthFlowsUserPoolClient: true,
      AllowedOAuthScopes: client.scopes,
      CreationDate: client.createdAt / 1_000,
      LastModifiedDate: client.createdAt / 1_000,
    };
  }
}

const credentialsIn = ({ name, clientId, clientSecret }: Client) => ({
  ClientName: name,
  ClientId: clientId,
  ClientSecret: clientSecret,
});
