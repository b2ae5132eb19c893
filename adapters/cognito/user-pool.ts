import {
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  LimitExceededException,
} from "@aws-sdk/client-cognito-identity-provider";
import { UserPoolUnavailable } from "./errors.ts";

/** Cognito's control plane takes some hundreds of milliseconds. */
const requestTimeoutMs = 5_000;
const connectionTimeoutMs = 1_000;
/** Creating is not idempotent: a try that was lost may have made a client, so only people try again. */
const attemptsMax = 1;

export const createCognito = (): CognitoIdentityProviderClient =>
  new CognitoIdentityProviderClient({
    maxAttempts: attemptsMax,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
  });

export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Where machines sign in. */
export class UserPool {
  readonly #client: CognitoIdentityProviderClient;
  readonly #poolId: string;

  constructor(client: CognitoIdentityProviderClient, poolId: string) {
    this.#client = client;
    this.#poolId = poolId;
  }

  /**
   * Registers a client that signs in by its id and secret. It speaks for nobody until it is linked to an owner.
   * @param name 1 … 128 letters, digits, spaces and `_+=,.@-`.
   * @param scopes whole, as tokens carry them: `tallystick/payments.read`.
   * @returns undefined when the pool has as many clients as it can have.
   */
  async createClient(name: string, scopes: readonly string[]): Promise<ClientCredentials | undefined> {
    const command = new CreateUserPoolClientCommand({
      UserPoolId: this.#poolId,
      ClientName: name,
      GenerateSecret: true,
      AllowedOAuthFlows: ["client_credentials"],
      // Without it Cognito ignores the flows and the scopes.
      AllowedOAuthFlowsUserPoolClient: true,
      AllowedOAuthScopes: [...scopes],
    });
    try {
      const { UserPoolClient: made = {} } = await this.#client.send(command);
      const { ClientId: clientId, ClientSecret: clientSecret } = made;
      if (clientId === undefined || clientSecret === undefined)
        throw new Error("the user pool answered without an id or a secret");
      return { clientId, clientSecret };
    } catch (error) {
      if (error instanceof LimitExceededException) return undefined;
      throw new UserPoolUnavailable(
        error instanceof Error ? `${error.name}: ${error.message}` : String(error),
        {
          cause: error,
        },
      );
    }
  }
}
