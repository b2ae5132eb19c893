import type { OrganizationSettings } from "./account-settings.ts";
import { type company, refuseToDeploy, rootAddressOf } from "./company.ts";
import { usedRegions } from "./constants.ts";
import { accountAdminRole, guardPolicies } from "./guard-policies.ts";
import { inRegion, logicalName, physicalName } from "./naming.ts";

type MemberName = Exclude<keyof typeof company.accounts, "organization">;
type UnitName = "Production" | "Disposable" | "Security";

/** Which accounts there are, and where: policies hang on the units. */
const members: { readonly [Name in MemberName]: UnitName } = {
  production: "Production",
  // As production, so that what a policy breaks there is seen here before.
  staging: "Production",
  dev: "Disposable",
  security: "Security",
  logArchive: "Security",
};

/** AWS's services that work across the members. Each is used: by the security account, or by backups. */
const trustedServices = [
  "access-analyzer.amazonaws.com",
  "account.amazonaws.com",
  "backup.amazonaws.com",
  "cloudtrail.amazonaws.com",
  "config.amazonaws.com",
  "guardduty.amazonaws.com",
  "iam.amazonaws.com",
  "inspector2.amazonaws.com",
  "macie.amazonaws.com",
  "malware-protection.guardduty.amazonaws.com",
  "securityhub.amazonaws.com",
  "sso.amazonaws.com",
];

/**
 * The organization, from its own account: members, what none of them may do, and who watches over all. Nothing runs in
 * this account: its policies do not bind it.
 */
export async function createOrganization(
  settings: OrganizationSettings,
): Promise<Record<string, $util.Output<string>>> {
  const { accountId } = await aws.getCallerIdentity();
  refuseToDeploy(settings.stage, settings.awsAccount, accountId);
  const organization = new aws.organizations.Organization(
    "Organization",
    {
      featureSet: "ALL",
      awsServiceAccessPrincipals: trustedServices,
      enabledPolicyTypes: ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "BACKUP_POLICY"],
    },
    { protect: true },
  );
  const root = organization.roots.apply(([first]) => first?.id ?? "");
  const units = createUnits(root);
  const accounts = createMembers(units);
  attachPolicies(root, units, organization);
  delegate(accounts.security.id, organization);
  // Root users of the members get no password, and those that have one lose it.
  new aws.iam.OrganizationsFeatures(
    "RootAccess",
    { enabledFeatures: ["RootCredentialsManagement", "RootSessions"] },
    { dependsOn: organization },
  );
  new aws.backup.GlobalSettings(
    "BackupSettings",
    { globalSettings: { isCrossAccountBackupEnabled: "true" } },
    { dependsOn: organization },
  );
  // The numbers go into stacks/company.ts.
  return Object.fromEntries(Object.entries(accounts).map(([name, { id }]) => [name, id]));
}

type Units = { readonly [Name in UnitName]: aws.organizations.OrganizationalUnit };

function createUnits(parentId: $util.Output<string>): Units {
  const unit = (name: UnitName) =>
    new aws.organizations.OrganizationalUnit(`${name}Unit`, { name, parentId });
  return { Production: unit("Production"), Disposable: unit("Disposable"), Security: unit("Security") };
}

type Members = { readonly [Name in MemberName]: aws.organizations.Account };

function createMembers(units: Units): Members {
  const names = Object.keys(members) as MemberName[];
  const created = names.map((name) => [
    name,
    new aws.organizations.Account(
      `${logicalName(name)}Account`,
      {
        name: physicalName(name),
        email: rootAddressOf(name),
        parentId: units[members[name]].id,
        roleName: accountAdminRole,
        iamUserAccessToBilling: "DENY",
        closeOnDeletion: false,
      },
      // AWS tells the role's name to nobody, so that every deployment would want a new account.
      { protect: true, ignoreChanges: ["roleName", "iamUserAccessToBilling"] },
    ),
  ]);
  return Object.fromEntries(created) as Members;
}

function attachPolicies(
  root: $util.Output<string>,
  units: Units,
  organization: aws.organizations.Organization,
): void {
  const attach = (name: keyof typeof guardPolicies, targets: Targets) =>
    attachPolicy(name, targets, organization);
  const everywhere = { Root: root };
  attach("KeepGuards", everywhere);
  attach("NoRoot", everywhere);
  attach("Regions", everywhere);
  attach("Encrypted", everywhere);
  attach("Tls", everywhere);
  // Not where stages come and go: a stage that cannot delete its tables cannot be removed.
  attach("KeepData", { Production: units.Production.id, Security: units.Security.id });
}

type Targets = Readonly<Record<string, $util.Input<string>>>;

function attachPolicy(
  name: keyof typeof guardPolicies,
  targets: Targets,
  organization: aws.organizations.Organization,
): void {
  const { type, description, statements } = guardPolicies[name];
  const policy = new aws.organizations.Policy(
    `${name}Policy`,
    {
      name: physicalName(name),
      type,
      description,
      content: JSON.stringify({ Version: "2012-10-17", Statement: statements }),
    },
    // Nothing of it says so: an account without an organization has no policies.
    { dependsOn: organization },
  );
  for (const [target, targetId] of Object.entries(targets))
    new aws.organizations.PolicyAttachment(`${name}On${target}`, { policyId: policy.id, targetId });
}

/** The security account works with the findings of all. Services that ask for it by region are told in each. */
function delegate(adminAccountId: $util.Output<string>, organization: aws.organizations.Organization): void {
  const options = { dependsOn: organization };
  for (const region of usedRegions) {
    const suffix = inRegion(region);
    new aws.guardduty.OrganizationAdminAccount(
      `GuardDutyAdmin${suffix}`,
      { adminAccountId, region },
      options,
    );
    new aws.inspector2.DelegatedAdminAccount(
      `InspectorAdmin${suffix}`,
      { accountId: adminAccountId, region },
      options,
    );
    new aws.macie2.OrganizationAdminAccount(`MacieAdmin${suffix}`, { adminAccountId, region }, options);
    new aws.securityhub.OrganizationAdminAccount(
      `SecurityHubAdmin${suffix}`,
      { adminAccountId, region },
      options,
    );
  }
  new aws.cloudtrail.OrganizationDelegatedAdminAccount("TrailAdmin", { accountId: adminAccountId }, options);
  for (const service of ["access-analyzer", "backup", "config"]) {
    new aws.organizations.DelegatedAdministrator(
      `${service.split("-").map(logicalName).join("")}Admin`,
      { accountId: adminAccountId, servicePrincipal: `${service}.amazonaws.com` },
      options,
    );
  }
}
