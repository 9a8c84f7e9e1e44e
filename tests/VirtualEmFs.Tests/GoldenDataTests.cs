using System.Security.Cryptography;
using System.Text.Json;
using Xunit;

namespace VirtualEmFs.Tests;

public sealed class GoldenDataTests
{
    /// <summary>A missing or altered archive would make every comparison after it meaningless.</summary>
    [Fact]
    public void Cases_OfEman2_AreTheFilesThatTheManifestNames()
    {
        var cases = GoldenData.Cases("eman2");
        Assert.Equal(GoldenData.IsComplete ? 140 : 48, cases.Count);
        foreach (var each in cases)
        {
            var archive = each.GetProperty("archive");
            string path = GoldenData.PathOf("eman2", each.GetProperty("dir").GetString()!, archive.GetProperty("file").GetString()!);
            Assert.Equal(archive.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))));
        }
    }

    /// <summary>As above; results that several cases share are kept once.</summary>
    [Fact]
    public void Cases_OfRelion_AreTheFilesThatTheManifestNames()
    {
        var files = GoldenData.Cases("relion").SelectMany(FilesOf).Where(each => Path.Exists(PathOf(each))).ToArray();
        Assert.InRange(files.Length, 19, int.MaxValue);
        foreach (var each in files)
        {
            Assert.Equal(each.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(PathOf(each)))));
        }

        static string PathOf(JsonElement file) => GoldenData.PathOf("relion", file.GetProperty("file").GetString()!);
    }

    /// <summary>The repository stays small enough to be cloned in a moment.</summary>
    [Fact]
    public void Selection_InTheRepository_HasAtMost5Megabytes()
    {
        var files = Directory.GetFiles(Path.Combine(GoldenData.RepositoryRoot, "tests/data"), "*", SearchOption.AllDirectories);
        Assert.InRange(files.Sum(path => new FileInfo(path).Length), 1, 5_000_000);
    }

    // An input, a file made from it, and one or several results.
    private static IEnumerable<JsonElement> FilesOf(JsonElement golden) =>
        golden.EnumerateObject().SelectMany(property => property.Value.ValueKind switch
        {
            JsonValueKind.Object => [property.Value],
            JsonValueKind.Array => property.Value.EnumerateArray().Where(each => each.ValueKind == JsonValueKind.Object),
            _ => Enumerable.Empty<JsonElement>(),
        }).Where(each => each.TryGetProperty("file", out _) && each.TryGetProperty("sha256", out _));
}
