// The pages that are looked at: with axe-core, for width, and for the pictures of the documents.

/**
 * `path` may use what `looks.test.mjs` has made. `shows` is the heading of the page. `pictures` are the looks of which the documents have one:
 * docs/images/console-NAME.png, console-NAME-dark.png, console-NAME-phone.png.
 */
export const PAGES = [
  { name: "overview", path: () => "/console", shows: "Overview", pictures: ["light", "dark", "phone"] },
  { name: "keys", path: () => "/console/keys?tenant_id=1", shows: "Keys", pictures: ["light", "dark"] },
  { name: "keys-long", path: () => "/console/keys", shows: "Keys" },
  { name: "keys-none", path: () => "/console/keys?label=nobody", shows: "Keys" },
  { name: "keys-wrong", path: () => "/console/keys?tenant_id=x", shows: "Keys" },
  { name: "key-new", path: () => "/console/keys/new", shows: "Create a key", pictures: ["light"] },
  { name: "key", path: ({ key }) => `/console/keys/${key}`, shows: /^crawler/, pictures: ["light", "phone"] },
  { name: "key-parent", path: ({ parent }) => `/console/keys/${parent}?step=day`, shows: /^key desk/ },
  { name: "key-edit", path: ({ key }) => `/console/keys/${key}/edit`, shows: "Change the key" },
  { name: "key-rotate", path: ({ key }) => `/console/keys/${key}/rotate`, shows: "Rotate the key" },
  { name: "key-revoke", path: ({ key }) => `/console/keys/${key}/revoke`, shows: "Revoke the key" },
  { name: "key-revoked", path: ({ revoked, revision }) => `/console/keys/${revoked}?revision=${revision}`, shows: /Revoked/, pictures: ["light"] },
  { name: "policies", path: () => "/console/policies", shows: "Policies" },
  { name: "policies-none", path: () => "/console/policies?path_contains=nothing", shows: "Policies" },
  {
    name: "policies-allowed",
    path: () => "/console/policies?method=POST&path=/api/sessions/default/messages/send",
    shows: "Policies",
    pictures: ["light"],
  },
  { name: "policies-refused", path: () => "/console/policies?path=/api/Sessions", shows: "Policies" },
  { name: "policies-bad", path: () => "/console/policies?path=/api/%252e%252e/x", shows: "Policies" },
  { name: "policies-own", path: () => "/console/policies?path=/admin/tenants", shows: "Policies" },
  { name: "client-rules-choose", path: () => "/console/client-rules", shows: "Client rules" },
  { name: "client-rules-new", path: () => "/console/client-rules?tenant_id=1&session=new", shows: "Client rules" },
  { name: "client-rules-wrong", path: () => "/console/client-rules?tenant_id=1&session=a%20b", shows: "Client rules" },
  { name: "client-rules", path: () => "/console/client-rules?tenant_id=1&session=default", shows: "Client rules", pictures: ["light"] },
  { name: "client-rules-delete", path: () => "/console/client-rules/delete?tenant_id=1&session=default", shows: "Delete the client rules" },
  { name: "people", path: () => "/console/people", shows: "People" },
  { name: "person-new", path: () => "/console/people/new", shows: "New user" },
  { name: "person", path: ({ member }) => `/console/people/${member}`, shows: /^grace@/ },
  { name: "person-password", path: ({ member }) => `/console/people/${member}/password`, shows: "Set a password" },
  { name: "person-remove", path: ({ member }) => `/console/people/${member}/members/1/remove`, shows: "Remove from the tenant" },
  { name: "tenants", path: () => "/console/tenants", shows: "Tenants" },
  { name: "tenant", path: ({ tenant }) => `/console/tenants/${tenant}`, shows: /^Acme/ },
  { name: "tenant-revoke", path: ({ tenant }) => `/console/tenants/${tenant}/revoke`, shows: "Revoke all keys" },
  { name: "settings", path: () => "/console/settings", shows: "Settings", pictures: ["light"] },
  { name: "audit", path: () => "/console/audit", shows: "Audit", pictures: ["light"] },
  { name: "audit-none", path: () => "/console/audit?actor=nobody", shows: "Audit" },
  { name: "audit-wrong", path: () => "/console/audit?cursor=x", shows: "Audit" },
  { name: "audit-verify", path: () => "/console/audit/verify", shows: "Verify the chain" },
  { name: "signing-keys", path: () => "/console/signing-keys", shows: "Signing keys" },
  { name: "signing-key-rotate", path: () => "/console/signing-keys/rotate", shows: "Rotate the signing key" },
  { name: "signing-key-retire", path: () => "/console/signing-keys/0/retire", shows: "Retire slot 0" },
  { name: "license", path: () => "/console/license", shows: /^License/ },
  { name: "instances", path: () => "/console/instances", shows: "Instances", pictures: ["light"] },
  { name: "receipt", path: ({ revision }) => `/console/receipts/${revision}`, shows: "Receipt" },
  { name: "not-found", path: () => "/console/nothing", shows: "There is no such page" },
];

/** Pages of a user: an owner of tenant 1. */
export const USER_PAGES = [
  { name: "my-keys", path: () => "/console/my-keys", shows: "My keys", pictures: ["light"] },
  { name: "my-key-new", path: () => "/console/my-keys/new", shows: "Create a key" },
  { name: "my-key-rotate", path: ({ ownKey }) => `/console/my-keys/${ownKey}/rotate`, shows: "Rotate the key" },
  { name: "my-key-delete", path: ({ ownKey }) => `/console/my-keys/${ownKey}/delete`, shows: "Delete the key" },
  { name: "members", path: () => "/console/members", shows: "Members", pictures: ["light"] },
  { name: "member-remove", path: ({ member }) => `/console/members/${member}/remove`, shows: "Remove the member" },
  { name: "account", path: () => "/console/account", shows: "Account" },
  { name: "second-factor", path: () => "/console/account/second-factor", shows: "Add a second factor" },
  { name: "not-theirs", path: () => "/console/keys", shows: "This page is not for you" },
];

/** Pages of nobody who has signed in. */
export const OPEN_PAGES = [
  { name: "sign-in", path: () => "/console/sign-in", shows: "Sign in", pictures: ["light"] },
  { name: "sign-in-cookie", path: () => "/console/sign-in?signed_in=1", shows: "Sign in" },
];
