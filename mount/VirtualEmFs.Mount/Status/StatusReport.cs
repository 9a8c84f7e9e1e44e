using System.Text.Json.Serialization;
using VirtualEmFs.Mount.Fuse;

namespace VirtualEmFs.Mount.Status;

/// <summary>The state of one mount at one moment; what the status socket sends.</summary>
/// <param name="Requests">Requests by kind, in libfuse's names.</param>
/// <param name="Failures">Requests that did not succeed, by outcome; a missing name is one.</param>
/// <param name="Exceptions">Requests that ended in an exception of emfs's own.</param>
/// <param name="Tree">Null on a mount without archives, such as <c>emfs null</c>.</param>
public sealed record StatusReport(
    string Source, string MountPoint, int ProcessId, double UptimeSeconds, long ResidentBytes, int GarbageCollections2,
    int ActiveRequests, double OldestRequestSeconds, long BytesRead, IReadOnlyDictionary<string, long> Requests,
    IReadOnlyDictionary<string, long> Failures, long Exceptions, TreeStatus? Tree)
{
    internal static StatusReport Of(FuseHost host, string source, string mountPoint, Func<TreeStatus>? tree) => new(
        source, mountPoint, Environment.ProcessId,
        (DateTime.Now - System.Diagnostics.Process.GetCurrentProcess().StartTime).TotalSeconds, Environment.WorkingSet,
        GC.CollectionCount(2), host.ActiveRequestCount, host.OldestRequestAge.TotalSeconds, host.Counters.BytesRead,
        host.Counters.Requests(), host.Counters.Failures(), host.Counters.Exceptions, tree?.Invoke());
}

/// <summary>What a client asks of the status socket: one line of JSON, answered by one line.</summary>
/// <param name="Command"><c>status</c>.</param>
public sealed record StatusRequest(string Command);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(StatusRequest))]
internal sealed partial class StatusJson : JsonSerializerContext;
