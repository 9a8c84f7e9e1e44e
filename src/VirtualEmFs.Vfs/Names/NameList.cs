using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.Names;

/// <summary>
/// Files of a source whose bytes lie in a staging folder, for mounts that do not have that folder: a line of JSON that says where they lie,
/// then a line for each.
/// </summary>
/// <param name="Host">Where the staging folder is.</param>
/// <param name="StagingPath">Absolute path of the staging folder there.</param>
/// <param name="Paths">Paths in the source.</param>
internal sealed record NameList(string Host, string StagingPath, IReadOnlyList<string> Paths)
{
    /// <summary>Folder of the lists, in the source: one for each staging folder, so that none speaks for another.</summary>
    public const string Folder = $"{NameRules.OwnFolder}/staged";

    private const int Version = 1;
    private const int FileNameLength = 16;

    /// <summary>Name of a staging folder's list.</summary>
    public static string FileNameOf(string host, string stagingPath) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.Unicode.GetBytes($"{host}\0{stagingPath}")))[..FileNameLength];

    /// <summary>Whether a file of the folder is a list, whole and not on its way.</summary>
    public static bool IsFileName(string name) => name.Length == FileNameLength && name.All(char.IsAsciiHexDigitLower);

    /// <summary>What a list's bytes say; null when they are none of this program.</summary>
    public static NameList? Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            NameListHeader? header = null;
            var paths = new List<string>();
            foreach (var range in bytes.Split((byte)'\n'))
            {
                var line = bytes[range];
                if (header is null)
                {
                    header = JsonSerializer.Deserialize(line, NameListJson.Default.NameListHeader);
                    if (header is not { Version: Version })
                    {
                        return null;
                    }
                }
                else if (!line.IsEmpty)
                {
                    paths.Add(JsonSerializer.Deserialize(line, NameListJson.Default.NameListEntry)!.Path);
                }
            }

            // A list that was cut short must not pass for a shorter one.
            return header is not null && paths.Count == header.Count ? new NameList(header.Host, header.Staging, paths) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public byte[] ToBytes()
    {
        var bytes = new MemoryStream();
        bytes.Write(JsonSerializer.SerializeToUtf8Bytes(new NameListHeader(Version, Host, StagingPath, Paths.Count), NameListJson.Default.NameListHeader));
        foreach (string path in Paths)
        {
            bytes.WriteByte((byte)'\n');
            bytes.Write(JsonSerializer.SerializeToUtf8Bytes(new NameListEntry(path), NameListJson.Default.NameListEntry));
        }

        bytes.WriteByte((byte)'\n');
        return bytes.ToArray();
    }
}

internal sealed record NameListHeader(int Version, string Host, [property: JsonConverter(typeof(EscapedName))] string Staging, int Count);

internal sealed record NameListEntry([property: JsonConverter(typeof(EscapedName))] string Path);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(NameListHeader))]
[JsonSerializable(typeof(NameListEntry))]
internal sealed partial class NameListJson : JsonSerializerContext;
