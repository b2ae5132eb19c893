import { createAlarms } from "./alarms.ts";
import { createAnalysts } from "./analysts.ts";
import { createApi, createRoutes } from "./api.ts";
import { createArchive } from "./archive.ts";
import { createBackups } from "./backup.ts";
import { createBooks } from "./books.ts";
import { createBooksPeople } from "./books-desk.ts";
import { createOwnerRotation } from "./books-rotation.ts";
import { createCache } from "./cache.ts";
import { createCanary } from "./canary.ts";
import { createCluster } from "./cluster.ts";
import { refuseToDeploy } from "./company.ts";
import { createConsumers } from "./consumers.ts";
import { createDashboards } from "./dashboard.ts";
import { createTables } from "./data.ts";
import { createDelivery, refuseFromOutside } from "./delivery.ts";
import { createEdge, prepareFront } from "./edge.ts";
import { createFence } from "./failover.ts";
import { boundRoles } from "./guard-policies.ts";
import { createIdentity } from "./identity.ts";
import { createScan } from "./inspection.ts";
import { createLake } from "./lake.ts";
import { createQueues, createStreams } from "./messaging.ts";
import { createNetwork } from "./network.ts";
import { createTopics } from "./news.ts";
import { createFailureCollection } from "./operations.ts";
import { createSagas } from "./processing.ts";
import { createReconciler } from "./reconciler.ts";
import { createReports } from "./reports.ts";
import { createSchedules } from "./schedules.ts";
import { createAcquirerSecrets, createKeys } from "./security.ts";
import type { StageSettings } from "./settings.ts";
import { createBuckets } from "./storage.ts";
import { createTracing } from "./tracing.ts";
import { createWarehouse } from "./warehouse.ts";
import { createWarehouseLoads } from "./warehouse-load.ts";

/** What `sst deploy` prints at its end. */
type Outputs = Readonly<Record<string, $util.Output<string>>>;

/** All of a stage, in the order in which one part needs another. */
export async function createEstate(settings: StageSettings): Promise<Outputs> {
  if ($dev) throw new Error("`sst dev` would open the roles to the whole account: run `npm start` instead.");
  const { accountId } = await aws.getCallerIdentity();
  refuseToDeploy(settings.stage, settings.awsAccount, accountId);
  refuseFromOutside(settings, accountId);

  if (settings.boundedRoles) boundRoles(accountId);
  const keys = createKeys(settings);
  const network = createNetwork(settings, keys);
  const cluster = createCluster(settings, network, keys);
  const tables = createTables(settings, keys);
  const identity = createIdentity(settings);
  const front = prepareFront(settings);
  const http = createApi(settings);
  const buckets = createBuckets(settings, keys);
  const books = createBooks(settings, network, cluster, keys);
  const cache = createCache(settings, network, cluster, keys);
  const streams = createStreams();
  const archive = createArchive({ settings, keys, streams });
  const warehouse = createWarehouse({ settings, keys, streams }, network, archive);
  const reconciler = createReconciler(
    { settings, keys, network, cluster },
    { inbound: buckets.inbound, archive },
    { books, cache, warehouse },
    tables,
  );
  createScan(settings, keys, buckets, reconciler);
  const base = {
    settings,
    acquirerSecrets: createAcquirerSecrets(settings),
    keys,
    tables,
    queues: createQueues(),
    streams,
    topics: createTopics(keys),
    buckets,
    books,
    userPool: identity.pool,
    tokenIssuer: identity.issuers,
    publicUrl: front?.publicUrl ?? http.url,
    originSecrets: front?.originSecrets,
  };
  const sagas = createSagas(base);
  const parts = { ...base, sagas };
  createConsumers(parts);
  createSchedules(parts);
  createOwnerRotation(parts);
  createBooksPeople(settings, books, reconciler);
  createFailureCollection(parts);
  createFence(settings);
  createEdge(front, http, createRoutes(http, parts), settings);
  const lake = createLake(parts, archive);
  createWarehouseLoads({ ...parts, ...(warehouse !== undefined && { warehouse }) });
  createAnalysts(settings, warehouse, lake);
  createReports(settings, lake);
  createBackups(parts, books);
  createDelivery(settings, network);
  const alarms = createAlarms(parts, http.nodes.api.id, reconciler, { books, archive, lake, warehouse });
  createDashboards(parts, http.nodes.api.id, alarms);
  createCanary(settings, { publicUrl: base.publicUrl, tokenUrl: identity.tokenUrl });
  createTracing(settings);
  return { api: base.publicUrl, tokenUrl: identity.tokenUrl, paymentSaga: sagas.payment.arn };
}
