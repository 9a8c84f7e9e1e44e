using System.Security.Cryptography;
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
}
