using System.Text.Json.Serialization;
using VirtualEmFs.Mount.Fuse;

namespace VirtualEmFs.Mount.Status;

/// <summary>The state of one mount at one moment; what the status socket sends.</summary>
/// <param name="SurvivingBytes">Managed memory of the generations above 0 after the last collection.</param>
/// <param name="GarbageCollections0">Collections of generation 0 and above; each generation counts those of the ones above it too.</param>
/// <param name="Requests">Requests by kind, in libfuse's names.</param>
/// <param name="Failures">Requests that did not succeed, by outcome; a missing name is one.</param>
/// <param name="Exceptions">Requests that ended in an exception of emfs's own.</param>
/// <param name="Tree">Null on a mount without archives, such as <c>emfs null</c>.</param>
public sealed record StatusReport(
    string Source, string MountPoint, int ProcessId, double UptimeSeconds, long ResidentBytes, long SurvivingBytes,
    int GarbageCollections0, int GarbageCollections1, int GarbageCollections2, int ActiveRequests, double OldestRequestSeconds,
    long BytesRead, IReadOnlyDictionary<string, long> Requests, IReadOnlyDictionary<string, long> Failures, long Exceptions, TreeStatus? Tree)
{
    internal static StatusReport Of(FuseHost host, string source, string mountPoint, Func<TreeStatus>? tree) => new(
        source, mountPoint, Environment.ProcessId,
        (DateTime.Now - System.Diagnostics.Process.GetCurrentProcess().StartTime).TotalSeconds, Environment.WorkingSet,
        SurvivingLengthBytes(), GC.CollectionCount(0), GC.CollectionCount(1), GC.CollectionCount(2), host.ActiveRequestCount, host.OldestRequestAge.TotalSeconds,
        host.Counters.BytesRead, host.Counters.Requests(), host.Counters.Failures(), host.Counters.Exceptions, tree?.Invoke());

    private static long SurvivingLengthBytes()
    {
        ReadOnlySpan<GCGenerationInfo> generations = GC.GetGCMemoryInfo(GCKind.Any).GenerationInfo;
        return generations[1].SizeAfterBytes + generations[2].SizeAfterBytes;
    }
}

/// <summary>What a client asks of the status socket: one line of JSON, answered by one line.</summary>
/// <param name="Command"><c>status</c>.</param>
public sealed record StatusRequest(string Command);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(StatusRequest))]
internal sealed partial class StatusJson : JsonSerializerContext;
