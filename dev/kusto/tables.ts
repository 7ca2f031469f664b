// Tables of the workspace that our queries may read, with the columns that they use.
// @see "Azure Monitor Logs table reference", which names and types every column

const common = 'TimeGenerated: datetime, _ResourceId: string';
const telemetry = `${common}, Properties: dynamic, AppRoleName: string, AppRoleInstance: string, OperationId: string, OperationName: string, ParentId: string`;

export const tables: Readonly<Record<string, string>> = {
  AppMetrics: `${telemetry}, Name: string, Sum: real, ItemCount: int, Min: real, Max: real`,
  AppTraces: `${telemetry}, Message: string, SeverityLevel: int`,
  AppExceptions: `${telemetry}, ExceptionType: string, OuterMessage: string, InnermostMessage: string, ProblemId: string`,
  AppRequests: `${telemetry}, Name: string, Success: bool, ResultCode: string, DurationMs: real, Url: string`,
  AppDependencies: `${telemetry}, Name: string, Target: string, DependencyType: string, Success: bool, ResultCode: string, DurationMs: real`,
  FunctionAppLogs: `${common}, Category: string, FunctionName: string, HostInstanceId: string, Level: string, Message: string, ExceptionMessage: string`,
  StorageQueueLogs: `${common}, OperationName: string, StatusCode: string, StatusText: string, Uri: string, ObjectKey: string, AuthenticationType: string, RequesterObjectId: string, CallerIpAddress: string`,
};
