using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Mount.Staging;

/// <summary>Who owns a staging folder or a source: what the owner's file says, for other mounts and for people.</summary>
/// <param name="BootId">Of the machine's start: another one means that every process of that time is gone.</param>
/// <param name="StartTicks">When the process started, in the kernel's ticks since then: numbers of processes come again.</param>
/// <param name="HasEnded">The mount has ended in order, and left staged files behind.</param>
internal sealed record MountOwner(
    string Host, string BootId, int ProcessId, long StartTicks, DateTimeOffset Since,
    [property: JsonConverter(typeof(EscapedName))] string MountPoint,
    [property: JsonConverter(typeof(EscapedName))] string StagingPath,
    [property: JsonConverter(typeof(EscapedName))] string SourcePath,
    bool HasEnded = false)
{
    private const string HostFile = "/proc/sys/kernel/hostname";
    private const string BootIdFile = "/proc/sys/kernel/random/boot_id";
    private const int MaximumLengthBytes = 64 * 1024;
    private const int StartTicksField = 22; // proc_pid_stat(5)

    /// <summary>The machine was not started anew since: locks and processes tell whether the owner lives.</summary>
    [JsonIgnore]
    public bool IsOfThisKernel => BootId == CurrentBootId;

    /// <summary>The machine of this name is ours.</summary>
    [JsonIgnore]
    public bool IsOfThisHost => Host == CurrentHost;

    /// <summary>Its process lives. Only where <see cref="IsOfThisKernel"/>.</summary>
    [JsonIgnore]
    public bool IsAlive => StartTicksOf(ProcessId) == StartTicks;

    /// <summary>Name of this machine.</summary>
    public static string CurrentHost { get; } = File.ReadAllText(HostFile).Trim();

    private static string CurrentBootId { get; } = File.ReadAllText(BootIdFile).Trim();

    /// <summary>This process.</summary>
    public static MountOwner Current(string mountPoint, string stagingPath, string sourcePath) => new(
        CurrentHost, CurrentBootId, Environment.ProcessId, StartTicksOf(Environment.ProcessId) ?? 0, DateTimeOffset.Now, mountPoint, stagingPath, sourcePath);

    /// <summary>Who owns a source, or did last; null where that cannot be read.</summary>
    public static MountOwner? OfSource(string source)
    {
        // The runtime's way to read a file wants a lock on it, which its owner holds.
        int errno = LinuxFile.Open($"{source}/{NameRules.OwnFolder}/{OwnerLock.FileName}", LinuxFile.O_RDONLY, out SafeFileHandle? file);
        if (errno != 0)
        {
            return null;
        }

        using (file)
        {
            var json = new byte[MaximumLengthBytes];
            return LinuxFile.Read(file!, 0, json, out int lengthBytes) == 0 ? Parse(json.AsSpan(0, lengthBytes)) : null;
        }
    }

    /// <summary>What an owner's file says; null when it says nothing that can be understood.</summary>
    public static MountOwner? Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, MountOwnerJson.Default.MountOwner);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The bytes of the owner's file.</summary>
    public byte[] ToBytes() => [.. JsonSerializer.SerializeToUtf8Bytes(this, MountOwnerJson.Default.MountOwner), (byte)'\n'];

    /// <summary>For a sentence: process, host, places.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"process {ProcessId} on {Host}, mounted on {PathBytes.ForDisplay(MountPoint)} since {Since:yyyy-MM-dd HH:mm}, source {PathBytes.ForDisplay(SourcePath)}, staging {PathBytes.ForDisplay(StagingPath)}");

    private static long? StartTicksOf(int processId)
    {
        try
        {
            // The second field is the program's name in parentheses, in which anything may stand.
            string stat = File.ReadAllText($"/proc/{processId}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return long.Parse(fields[StartTicksField - 3], CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(MountOwner))]
internal sealed partial class MountOwnerJson : JsonSerializerContext;
