using System.Text.Json.Serialization;
using VirtualEmFs.Mount.Commands;
using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Mount.Status;

/// <summary>The state of one mount at one moment; what the status socket sends.</summary>
/// <param name="AllocatedBytes">Managed memory that was ever allocated.</param>
/// <param name="SurvivingBytes">Managed memory of the generations above 0 after the last collection.</param>
/// <param name="GarbageCollections0">Collections of generation 0 and above; each generation counts those of the ones above it too.</param>
/// <param name="Requests">Requests by kind, in libfuse's names.</param>
/// <param name="Failures">Requests that did not succeed, by outcome; a missing name is one.</param>
/// <param name="Exceptions">Requests that ended in an exception of emfs's own.</param>
/// <param name="Tree">Null on a mount without archives, such as <c>emfs null</c>.</param>
/// <param name="Writing">Null on a mount that only reads.</param>
public sealed record StatusReport(
    string Source, string MountPoint, int ProcessId, double UptimeSeconds, long ResidentBytes, long AllocatedBytes, long SurvivingBytes,
    int GarbageCollections0, int GarbageCollections1, int GarbageCollections2, int ActiveRequests, double OldestRequestSeconds,
    long BytesRead, IReadOnlyDictionary<string, long> Requests, IReadOnlyDictionary<string, long> Failures, long Exceptions, TreeStatus? Tree,
    WritingReport? Writing)
{
    internal static StatusReport Of(FuseHost host, string source, string mountPoint, MountedTree tree) => new(
        source, mountPoint, Environment.ProcessId,
        (DateTime.Now - System.Diagnostics.Process.GetCurrentProcess().StartTime).TotalSeconds, Environment.WorkingSet,
        GC.GetTotalAllocatedBytes(), SurvivingLengthBytes(), GC.CollectionCount(0), GC.CollectionCount(1), GC.CollectionCount(2), host.ActiveRequestCount, host.OldestRequestAge.TotalSeconds,
        host.Counters.BytesRead, host.Counters.Requests(), host.Counters.Failures(), host.Counters.Exceptions, tree.Status?.Invoke(), tree.Writing?.Invoke());

    private static long SurvivingLengthBytes()
    {
        ReadOnlySpan<GCGenerationInfo> generations = GC.GetGCMemoryInfo(GCKind.Any).GenerationInfo;
        return generations[1].SizeAfterBytes + generations[2].SizeAfterBytes;
    }
}

/// <summary>What a client asks of the status socket: one line of JSON, answered by one line.</summary>
/// <param name="Command"><c>status</c>, <c>flush</c>, <c>retry</c> or <c>restore</c>.</param>
/// <param name="Path">Path in the source that it concerns, with all below it; null for everything.</param>
/// <param name="Waits">The answer comes when it is done, and not at once.</param>
public sealed record StatusRequest(
    string Command, [property: JsonConverter(typeof(EscapedName))] string? Path = null, bool Waits = false);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(StatusRequest))]
[JsonSerializable(typeof(StagingAnswer))]
internal sealed partial class StatusJson : JsonSerializerContext;
