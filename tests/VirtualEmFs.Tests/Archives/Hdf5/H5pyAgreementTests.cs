using System.Globalization;
using System.Text;
using System.Text.Json;
using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Hdf5;
using VirtualEmFs.Archives.Hdf5.ChunkIndexes;
using Xunit;
using Attribute = VirtualEmFs.Archives.Hdf5.Attribute;

namespace VirtualEmFs.Tests.Archives.Hdf5;

/// <summary>
/// The reader against libhdf5: names, links, shapes, types, filters, fill values, chunk addresses and attribute values, of whole files. A misread
/// structure shows as a missing name, a wrong address or a value of another attribute.
/// </summary>
public sealed class H5pyAgreementTests : IDisposable
{
    private static readonly string s_script = Path.Combine(GoldenData.RepositoryRoot, "tests", "python", "hdf5_variants.py");

    private readonly string _folder = Directory.CreateTempSubdirectory("emfs-h5py-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Reader_VariedFiles_SeesWhatH5pySees()
    {
        const int FileCount = 300;
        Python.RunProgram("/usr/bin/python3", s_script, "write", _folder, FileCount.ToString(CultureInfo.InvariantCulture), "1");
        string[] paths = [.. Directory.GetFiles(_folder).Order()];
        Assert.Equal(FileCount, paths.Length);
        var kinds = new HashSet<ChunkIndexKind>();
        foreach (string line in Describe(paths))
        {
            Compare(line, kinds);
        }

        Assert.Equal(Enum.GetValues<ChunkIndexKind>().Order(), kinds.Order());
    }

    [Fact]
    public void Reader_GoldenArchives_SeesWhatH5pySees()
    {
        string[] paths = [.. Directory.GetFiles(GoldenData.PathOf("eman2"), "*.hdf", SearchOption.AllDirectories).Order()];
        Assert.NotEmpty(paths);
        foreach (string line in Describe(paths))
        {
            Compare(line, []);
        }
    }

    private static IEnumerable<string> Describe(string[] paths) =>
        paths.Chunk(100).SelectMany(some => Python.RunProgram("/usr/bin/python3", [s_script, "describe", .. some]).Split('\n'));

    private static void Compare(string line, HashSet<ChunkIndexKind> kinds)
    {
        using var document = JsonDocument.Parse(line);
        string path = document.RootElement.GetProperty("path").GetString()!;
        using SourceFile source = SourceFile.Open(path);
        using Hdf5File file = Hdf5File.TryOpen(source)!;
        foreach (JsonProperty expected in document.RootElement.GetProperty("objects").EnumerateObject())
        {
            string where = $"{path} {expected.Name}";
            Hdf5Object found = file.Find(file.Root, expected.Name) ?? throw new InvalidOperationException($"{where} is missing");
            CompareAttributes(where, expected.Value.GetProperty("attributes"), found);
            if (expected.Value.TryGetProperty("links", out JsonElement links))
            {
                CompareLinks(where, links, found);
            }

            if (expected.Value.TryGetProperty("kind", out _))
            {
                CompareDataset(where, expected.Value, new Hdf5Dataset(found), file, source, kinds);
            }
        }
    }

    private static void CompareLinks(string where, JsonElement expected, Hdf5Object group)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        group.ForEachLink((name, in target) =>
        {
            found.Add(Encoding.UTF8.GetString(name), Name(target));
            return true;
        });
        var wanted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty link in expected.EnumerateObject())
        {
            wanted.Add(link.Name, link.Value.GetString()!);
        }

        AssertSame(where, wanted, found);
    }

    private static string Name(in LinkTarget target)
    {
        string value = Encoding.UTF8.GetString(target.Value.Span);
        return target.Kind switch
        {
            LinkKind.Hard => "hard",
            LinkKind.Soft => $"soft {value.TrimEnd('\0')}",
            _ => $"external {value[1..].TrimEnd('\0').Replace('\0', ' ')}",
        };
    }

    private static void CompareAttributes(string where, JsonElement expected, Hdf5Object holder)
    {
        Dictionary<string, Attribute> found = holder.Attributes().ToDictionary(each => each.Name);
        AssertSame(where, expected.EnumerateObject().Select(each => each.Name).Order(StringComparer.Ordinal), found.Keys.Order(StringComparer.Ordinal));
        foreach (JsonProperty property in expected.EnumerateObject())
        {
            string name = $"{where}@{property.Name}";
            Attribute attribute = found[property.Name];
            AssertEqual(name, property.Value.GetProperty("type").GetString(), Name(attribute.Datatype));
            JsonElement shape = property.Value.GetProperty("shape");
            if (shape.ValueKind == JsonValueKind.Null)
            {
                AssertEqual(name, DataspaceKind.Null, attribute.Dataspace.Kind);
                continue;
            }

            AssertSame(name, Numbers(shape), attribute.Dataspace.Dimensions);
            if (property.Value.TryGetProperty("text", out JsonElement text))
            {
                AssertEqual(name, text.GetString(), attribute.AsText(holder.File.Reader, holder.File.Superblock.Sizes));
            }
            else
            {
                AssertEqual(name, property.Value.GetProperty("data").GetString(), Convert.ToHexStringLower(attribute.Data.Span));
            }
        }
    }

    private static void CompareDataset(string where, JsonElement expected, Hdf5Dataset dataset, Hdf5File file, SourceFile source, HashSet<ChunkIndexKind> kinds)
    {
        AssertEqual(where, expected.GetProperty("type").GetString(), Name(dataset.Datatype));
        AssertSame(where, Numbers(expected.GetProperty("shape")), dataset.Dataspace.Dimensions);
        AssertSame(where, Numbers(expected.GetProperty("limits")), dataset.Dataspace.Limits.Select(limit => limit ?? -1));
        JsonElement[] filters = [.. expected.GetProperty("filters").EnumerateArray()];
        AssertSame(where, filters.Select(filter => filter[0].GetInt32()), dataset.Filters.Select(filter => filter.Id));
        AssertSame(where, filters.SelectMany(filter => Numbers(filter[1])), dataset.Filters.SelectMany(filter => filter.ClientData.Take(16)).Select(value => (long)value));
        if (expected.TryGetProperty("fill", out JsonElement fill))
        {
            string stored = dataset.Fill.IsEmpty ? new string('0', 2 * dataset.Datatype.SizeBytes) : Convert.ToHexStringLower(dataset.Fill.Span);
            AssertEqual(where, fill.GetString(), stored);
        }

        string kind = expected.GetProperty("kind").GetString()!;
        switch (dataset.Layout)
        {
            case ChunkedLayout layout:
                kinds.Add(layout.IndexKind);
                AssertEqual(where, "chunked", kind);
                AssertSame(where, Numbers(expected.GetProperty("chunk")), layout.ChunkDimensions);
                CompareChunks(where, expected.GetProperty("chunks"), dataset, layout, file, source);
                break;
            case ContiguousLayout layout:
                AssertEqual(where, "contiguous", kind);
                JsonElement offset = expected.GetProperty("offset");
                long? wanted = offset.ValueKind == JsonValueKind.Null ? null : offset.GetInt64();
                AssertEqual(where, wanted, layout.Address < 0 ? null : layout.Address + file.Superblock.BaseOffset);
                break;
            default:
                AssertEqual(where, "compact", kind);
                break;
        }
    }

    private static void CompareChunks(string where, JsonElement expected, Hdf5Dataset dataset, ChunkedLayout layout, Hdf5File file, SourceFile source)
    {
        var found = new Dictionary<string, StoredChunk>();
        dataset.ForEachChunk((coordinates, in chunk) =>
        {
            var start = new List<long>();
            for (int i = 0; i < coordinates.Length; i++)
            {
                start.Add(coordinates[i] * layout.ChunkDimensions[i]);
            }

            found.Add(string.Join(',', start), chunk);
        });
        AssertEqual($"{where} chunks", expected.GetArrayLength(), found.Count);
        foreach (JsonElement wanted in expected.EnumerateArray())
        {
            string start = string.Join(',', Numbers(wanted[0]));
            string name = $"{where} chunk {start}";
            Assert.True(found.TryGetValue(start, out StoredChunk chunk), $"{name} is missing");
            long fileOffset = chunk.Address + file.Superblock.BaseOffset;
            if (wanted[1].ValueKind != JsonValueKind.Null)
            {
                AssertEqual(name, wanted[1].GetInt64(), fileOffset);
            }

            // An unfiltered edge chunk has no mask in the file: the reader says so with every bit.
            AssertEqual(name, wanted[2].GetInt64(), chunk.LengthBytes);
            AssertEqual(name, wanted[3].GetInt64(), chunk.FilterMask == uint.MaxValue ? 0 : chunk.FilterMask);
            var stored = new byte[chunk.LengthBytes];
            source.ReadExactly(fileOffset, stored);
            AssertEqual(name, wanted[4].GetUInt32(), Crc32(stored));
        }
    }

    private static uint Crc32(byte[] bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte each in bytes)
        {
            crc ^= each;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
            }
        }

        return ~crc;
    }

    private static string Name(Datatype type)
    {
        string order = type.SizeBytes == 1 ? "|" : type.IsBigEndian ? ">" : "<";
        return type.Class switch
        {
            DatatypeClass.FixedPoint => $"{order}{(type.IsSigned ? 'i' : 'u')}{type.SizeBytes}",
            DatatypeClass.FloatingPoint => $"{order}f{type.SizeBytes}",
            DatatypeClass.String => $"text{type.SizeBytes}",
            DatatypeClass.VariableLength when type.IsVariableText => "text",
            DatatypeClass.Enumeration => $"enum {Name(type.Base!)}",
            _ => $"class{(int)type.Class} of {type.SizeBytes}",
        };
    }

    /// <summary>Numbers of a JSON array; null stands for no limit.</summary>
    private static IEnumerable<long> Numbers(JsonElement array) =>
        array.EnumerateArray().Select(number => number.ValueKind == JsonValueKind.Null ? -1 : number.GetInt64());

    private static void AssertEqual<T>(string where, T expected, T actual) =>
        Assert.True(EqualityComparer<T>.Default.Equals(expected, actual), $"{where}: {actual} instead of {expected}");

    private static void AssertSame<T>(string where, IEnumerable<T> expected, IEnumerable<T> actual) =>
        AssertEqual(where, string.Join(" | ", expected), string.Join(" | ", actual));
}
