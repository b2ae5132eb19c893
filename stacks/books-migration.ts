import type { Books, BooksDoor } from "./books.ts";
import { booksOwner } from "./books-global.ts";
import type { Cluster } from "./cluster.ts";
import { createPodRole } from "./kubernetes.ts";
import { confined, nobody } from "./pod-security.ts";
import type { StageSettings } from "./settings.ts";

/** Of the job, of its service account, and of its pods. */
const name = "books-migration";

/** Seconds until what has not ended is given up: less than the build that deploys may take. */
const secondsMax = 1_800;
/** Tries after the first, further apart each time: an instance that just took over, a table that somebody holds. */
const retriesMax = 5;

/** What the migration is wired to. */
export interface MigrationParts {
  readonly settings: StageSettings;
  readonly namespace: string;
  readonly books: Books | undefined;
  /** The reconciler's: its migrations are in it. */
  readonly image: $util.Input<string>;
  /** False as long as no image is released: then the job is held, and nobody waits for it. */
  readonly isReleased: boolean;
  readonly provider: kubernetes.Provider;
  /** Whose pods may come in as the owner. */
  readonly cluster: Pick<Cluster, "name" | "arn">;
  readonly dependsOn: readonly $util.Resource[];
}

/**
 * Brings the books to what an image needs, before any pod of that image runs: a job, which the deployment waits for. Pods of
 * the image before it go on meanwhile, and afterwards: migrations only add (ADR 68). Undefined where no books are to come into.
 */
export function createMigration(parts: MigrationParts): kubernetes.batch.v1.Job | undefined {
  const { books, namespace, provider } = parts;
  const door = books?.door;
  if (books === undefined || door === undefined) return undefined;
  const labels = { "app.kubernetes.io/name": name };
  const identity = createPodRole(
    "BooksMigration",
    "Makes the books' tables and users, as their owner",
    { namespace, serviceAccount: name },
    parts.cluster,
    [door.connectAs(booksOwner)],
  );
  const account = new kubernetes.core.v1.ServiceAccount(
    "BooksMigrationAccount",
    { metadata: { name, namespace, labels }, automountServiceAccountToken: false },
    { provider, dependsOn: [...parts.dependsOn] },
  );
  return new kubernetes.batch.v1.Job(
    "BooksMigration",
    {
      metadata: { name, namespace, labels, annotations: annotationsOf(parts) },
      spec: {
        suspend: !parts.isReleased,
        backoffLimit: retriesMax,
        activeDeadlineSeconds: secondsMax,
        template: {
          metadata: { labels },
          spec: {
            ...nobody,
            serviceAccountName: name,
            restartPolicy: "Never",
            containers: [containerOf(parts, books, door)],
          },
        },
      },
    },
    {
      provider,
      dependsOn: [account, identity, ...door.ready, ...parts.dependsOn],
      customTimeouts: { create: `${secondsMax + 60}s` },
    },
  );
}

/** Kubernetes changes no job that is there: another image is another job, and one that failed is made again. */
const annotationsOf = ({ isReleased }: MigrationParts): Record<string, string> =>
  isReleased ? { "pulumi.com/replaceUnready": "true" } : { "pulumi.com/skipAwait": "true" };

const containerOf = (
  { settings, image }: MigrationParts,
  { database }: Books,
  { host }: BooksDoor,
): kubernetes.types.input.core.v1.Container => ({
  name,
  image,
  args: ["reconciler/migrate.ts"],
  env: [
    { name: "AWS_REGION", value: settings.region },
    { name: "BOOKS_HOST", value: host },
    { name: "BOOKS_DATABASE", value: database },
    { name: "BOOKS_USER", value: booksOwner },
  ],
  resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "256Mi" } },
  securityContext: confined,
});
