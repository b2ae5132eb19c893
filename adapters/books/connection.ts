import { Signer } from "@aws-sdk/rds-signer";
import { type ClientConfig, Pool } from "pg";

/** Where the books are, and as whom to come in. */
export interface BooksAddress {
  /** By which they are known: TLS holds whoever answers to this name, and a token is good for it alone. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Undefined on AWS: there IAM says who may come in, by a token that is good for a quarter of an hour. */
  readonly password: string | undefined;
  /** This end of a tunnel to them, where they are not reached by their name. */
  readonly through?: { readonly host: string; readonly port: number } | undefined;
}

/** A pod that gets no connection for so many milliseconds gives its work back. */
const connectionMsMax = 30_000;

/**
 * How to come in, as pg's clients and pools are told. Nothing in it sets a parameter of the session: RDS's proxy refuses
 * whoever brings one.
 * @param region AWS's, of the books; of no use where there is a password
 */
export function comingIn(address: BooksAddress, region: string): ClientConfig {
  const { host, port, database, user, password, through } = address;
  return {
    ...{ host, port, ...through, database, user },
    ...(password === undefined
      ? {
          password: tokens({ hostname: host, port, username: user, region }),
          // The proxy's certificate is of a public authority, which Node knows: an answer by anybody else is refused.
          ssl: through === undefined ? true : { servername: host },
        }
      : { password }),
    connectionTimeoutMillis: connectionMsMax,
  };
}

/**
 * Connections to the books, made when they are needed. What a statement may take is said of the user, in the books.
 * @param connectionsMax how many at once: no more than works at once
 * @param statementMs another limit on a statement, in milliseconds; the proxy then gives such a connection to nobody else
 */
export function booksPool(
  address: BooksAddress,
  region: string,
  connectionsMax: number,
  statementMs?: number,
): Pool {
  return new Pool({
    ...comingIn(address, region),
    ...{ max: connectionsMax, application_name: "reconciler" },
    ...(statementMs !== undefined && {
      onConnect: async (client) => {
        await client.query(`SET statement_timeout = ${Math.ceil(statementMs)}`);
      },
    }),
  });
}

/** A new token for each connection. It is made here, by the process's own credentials, and asks nobody. */
function tokens(options: ConstructorParameters<typeof Signer>[0]): () => Promise<string> {
  const signer = new Signer(options);
  return () => signer.getAuthToken();
}
