import {
  DescribeGlobalClustersCommand,
  FailoverGlobalClusterCommand,
  FailoverStatus,
  type GlobalCluster,
  RDSClient,
} from "@aws-sdk/client-rds";
import middy from "@middy/core";
import { optionalVariable } from "#functions/environment.ts";
import { type Promoted, stepInput } from "#workflows/failover/contract.ts";

const attemptsMax = 6;

const client = new RDSClient({ maxAttempts: attemptsMax });

/**
 * Has RDS make the books of this region the ones that are written to, with the loss of what had not arrived: entries of
 * the last second, which the journal has. RDS needs minutes for it, and nobody here waits. Where the books are of one
 * region, or written to here already, there is nothing to do.
 */
export const handler = middy<unknown, Promoted>({ timeoutEarlyInMillis: 0 }).handler(
  async (event: unknown): Promise<Promoted> => {
    stepInput.parse(event);
    const database = optionalVariable("BOOKS_GLOBAL");
    const own = optionalVariable("BOOKS_CLUSTER_ARN");
    if (database === undefined || own === undefined) return { promotion: "none" };
    const { GlobalClusters: [found] = [] } = await client.send(
      new DescribeGlobalClustersCommand({ GlobalClusterIdentifier: database }),
    );
    const part = found?.GlobalClusterMembers?.find(({ DBClusterArn }) => DBClusterArn === own);
    if (found === undefined || part === undefined)
      throw new Error(`${own} is no part of ${database}: look at it in RDS (docs/runbooks/failover.md)`);
    if (part.IsWriter) return { promotion: "already" };
    if (!isUnderWay(found, own))
      await client.send(
        new FailoverGlobalClusterCommand({
          GlobalClusterIdentifier: database,
          TargetDbClusterIdentifier: own,
          AllowDataLoss: true,
        }),
      );
    return { promotion: "asked" };
  },
);

/** Asked before: a call whose answer was lost is made again. */
const isUnderWay = ({ FailoverState: state }: GlobalCluster, to: string): boolean =>
  state?.ToDbClusterArn === to &&
  (state.Status === FailoverStatus.PENDING || state.Status === FailoverStatus.FAILING_OVER);
