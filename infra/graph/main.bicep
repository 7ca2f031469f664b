// A layer of its own, never part of `azd up`: gives the app's identity roles in Microsoft Graph. Whoever deploys it needs
// Privileged Role Administrator (or AppRoleAssignment.ReadWrite.All). Which roles for what: docs/permissions.md.
extension microsoftGraphV1

@description('Object id of the app identity: the output IDENTITY_PRINCIPAL_ID.')
@minLength(36)
@maxLength(36)
param principalId string

@description('Names of application roles. The least that serves: every one is a right over the whole tenant.')
@allowed([
  'ExternalConnection.Read.All'
  'ExternalConnection.ReadWrite.OwnedBy'
  'ExternalConnection.ReadWrite.All'
  'Calls.Initiate.All'
  'Calls.InitiateGroupCall.All'
  'Calls.JoinGroupCall.All'
  'Calls.JoinGroupCallAsGuest.All'
  'Calls.AccessMedia.All'
  'Notes.Read.All'
  'Notes.ReadWrite.All'
])
param roles array

// Microsoft Graph itself, whose application id is the same in every tenant.
resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

resource grants 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [for role in roles: {
  appRoleId: filter(graph.appRoles, one => one.value == role)[0].id
  principalId: principalId
  resourceId: graph.id
}]

output granted array = roles
