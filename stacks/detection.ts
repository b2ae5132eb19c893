import { homeRegion, usedRegions } from "./constants.ts";
import { createDiscovery } from "./discovery.ts";
import { inRegion, logicalName, physicalName } from "./naming.ts";
import { type Operators, tell } from "./operators.ts";
import { createWeaknessScans } from "./weaknesses.ts";

/** What GuardDuty watches beside trails, DNS and flow logs. */
const protections = [
  "EBS_MALWARE_PROTECTION",
  "EKS_AUDIT_LOGS",
  "LAMBDA_NETWORK_LOGS",
  "RDS_LOGIN_EVENTS",
  "S3_DATA_EVENTS",
];

/** Of Security Hub: whose controls they are, and their version. */
const standards = ["aws-foundational-security-best-practices/v/1.0.0", "pci-dss/v/4.0.1"];

/**
 * GuardDuty, Inspector, Security Hub, Macie and Access Analyzer for all accounts, from the security account: members are enrolled
 * by the organization as they come, and cannot take themselves out.
 */
export async function createDetection(operators: Operators): Promise<void> {
  for (const region of usedRegions) {
    await createThreatDetection(region);
    new aws.accessanalyzer.Analyzer(`AccessAnalyzer${inRegion(region)}`, {
      analyzerName: physicalName("Access"),
      type: "ORGANIZATION",
      region,
    });
  }
  createDiscovery(operators);
  createWeaknessScans();
  await createFindings();
  tell(operators, "SevereFindings", {
    source: ["aws.securityhub"],
    "detail-type": ["Security Hub Findings - Imported"],
    detail: {
      findings: {
        Severity: { Label: ["HIGH", "CRITICAL"] },
        Workflow: { Status: ["NEW"] },
        RecordState: ["ACTIVE"],
      },
    },
  });
}

/**
 * To name an account the organization's administrator of a service switches the service on there, or does not: AWS's own
 * pages differ. So what is there is taken over.
 * @param id of what is there; the question fails where nothing is.
 */
async function takingOver(id: Promise<string>): Promise<{ readonly import?: string }> {
  try {
    return { import: await id };
  } catch {
    return {};
  }
}

async function createThreatDetection(region: string): Promise<void> {
  const suffix = inRegion(region);
  const found = aws.guardduty.getDetector({ region }).then(({ id }) => id);
  // How often a finding is told again is AWS's to say: what is taken over has to be as it is described here.
  const detector = new aws.guardduty.Detector(
    `Detector${suffix}`,
    { region, enable: true },
    await takingOver(found),
  );
  const enrolment = new aws.guardduty.OrganizationConfiguration(`DetectorMembers${suffix}`, {
    region,
    detectorId: detector.id,
    autoEnableOrganizationMembers: "ALL",
  });
  for (const protection of protections) {
    const words = protection.toLowerCase().split("_").map(logicalName);
    new aws.guardduty.OrganizationConfigurationFeature(
      `Detector${suffix}${words.join("")}`,
      { region, detectorId: detector.id, name: protection, autoEnable: "ALL" },
      // AWS takes one change of a detector at a time, and answers the second with an error that is retried.
      { dependsOn: enrolment },
    );
  }
}

/** The findings of all accounts and regions in one list, by standards that are the same for all. */
async function createFindings(): Promise<void> {
  const { accountId } = await aws.getCallerIdentity();
  // Answered only where Security Hub is on.
  const found = aws.securityhub
    .getStandardsControlAssociations({ securityControlId: "IAM.1" })
    .then(() => accountId);
  const account = new aws.securityhub.Account(
    "SecurityHub",
    { enableDefaultStandards: false, autoEnableControls: true, controlFindingGenerator: "SECURITY_CONTROL" },
    // Which standards it began with is asked once, and the policy below says which there are.
    { ...(await takingOver(found)), ignoreChanges: ["enableDefaultStandards"] },
  );
  const aggregator = new aws.securityhub.FindingAggregator(
    "Findings",
    {
      linkingMode: "SPECIFIED_REGIONS",
      specifiedRegions: usedRegions.filter((region) => region !== homeRegion),
    },
    { dependsOn: account },
  );
  const central = new aws.securityhub.OrganizationConfiguration(
    "SecurityHubMembers",
    {
      autoEnable: false,
      autoEnableStandards: "NONE",
      organizationConfiguration: { configurationType: "CENTRAL" },
    },
    { dependsOn: aggregator },
  );
  const policy = new aws.securityhub.ConfigurationPolicy(
    "Standards",
    {
      name: physicalName("Standards"),
      description: "FSBP and PCI DSS, all controls",
      configurationPolicy: {
        serviceEnabled: true,
        enabledStandardArns: standards.map(
          (standard) => `arn:aws:securityhub:${homeRegion}::standards/${standard}`,
        ),
        securityControlsConfiguration: { disabledControlIdentifiers: [] },
      },
    },
    { dependsOn: central },
  );
  const root = aws.organizations.getOrganizationOutput().roots.apply(([first]) => first?.id ?? "");
  new aws.securityhub.ConfigurationPolicyAssociation("StandardsEverywhere", {
    policyId: policy.id,
    targetId: root,
  });
}
