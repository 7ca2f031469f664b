// A layer of its own, for OPWATCH_CALLER_AUTH=entra: registers the API with the five rights as app roles, which callers
// are then granted. Its output is the value of OPWATCH_AUTH_AUDIENCE. Needs Application.ReadWrite.All.
extension microsoftGraphV1

@description('Name of the environment, as for infra/main.bicep.')
@minLength(1)
param environmentName string

@description('Object ids of service principals (callers) and the rights that each gets.')
param callers callerRights[] = []

type callerRights = {
  principalId: string
  rights: string[]
}

var uniqueName = 'opwatch-${environmentName}'
var rights = [
  {
    value: 'Operations.Read'
    description: 'Read operations and their events.'
  }
  {
    value: 'Operations.Write'
    description: 'Track, poll and stop operations.'
  }
  {
    value: 'Graph.Read'
    description: 'Read Graph resources through the proxy.'
  }
  {
    value: 'Graph.Patch'
    description: 'Change Graph resources through the proxy.'
  }
  {
    value: 'Graph.Patch.Configuration'
    description: 'Change the configuration of external connections through the proxy.'
  }
]
var assignments = flatten(map(callers, caller => map(caller.rights, right => { principalId: caller.principalId, right: right })))

resource api 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: uniqueName
  displayName: 'Opwatch ${environmentName}'
  signInAudience: 'AzureADMyOrg'
  api: { requestedAccessTokenVersion: 2 }
  appRoles: [for right in rights: {
    id: guid(uniqueName, right.value)
    value: right.value
    displayName: right.value
    description: right.description
    allowedMemberTypes: ['Application']
    isEnabled: true
  }]
}

resource principal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: api.appId
  // Without a role there is no token, also for callers of the tenant.
  appRoleAssignmentRequired: true
}

resource granted 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [for assignment in assignments: {
  appRoleId: guid(uniqueName, assignment.right)
  principalId: assignment.principalId
  resourceId: principal.id
}]

output audience string = api.appId
