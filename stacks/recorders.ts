import { homeRegion, usedRegions } from "./constants.ts";
import { archiveBucketOf, type LogArchive } from "./log-archive.ts";
import { inRegion } from "./naming.ts";

/**
 * Records what each resource looked like when, in all regions that are used. Its rules are those of Security Hub's
 * standards, which it evaluates: rules of our own would ask the same twice.
 */
export function createRecorders(archive: LogArchive | undefined): void {
  const role = new aws.iam.ServiceLinkedRole("RecorderRole", { awsServiceName: "config.amazonaws.com" });
  for (const region of usedRegions) {
    const suffix = inRegion(region);
    const recorder = new aws.cfg.Recorder(`Recorder${suffix}`, {
      region,
      name: "default",
      roleArn: role.arn,
      recordingGroup: {
        allSupported: true,
        // Roles and policies have no region: once is enough.
        includeGlobalResourceTypes: region === homeRegion,
      },
      recordingMode: { recordingFrequency: "CONTINUOUS" },
    });
    const channel = new aws.cfg.DeliveryChannel(
      `RecorderChannel${suffix}`,
      {
        region,
        name: "default",
        s3BucketName: archiveBucketOf("Configuration"),
        // No key here: the bucket encrypts under its own.
        snapshotDeliveryProperties: { deliveryFrequency: "TwentyFour_Hours" },
      },
      { dependsOn: [recorder, ...(archive ?? [])] },
    );
    new aws.cfg.RecorderStatus(
      `RecorderStatus${suffix}`,
      { region, name: recorder.name, isEnabled: true },
      { dependsOn: channel },
    );
  }
}
