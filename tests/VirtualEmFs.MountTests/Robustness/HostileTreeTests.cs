using VirtualEmFs.MountTests.Golden;
using Xunit;

namespace VirtualEmFs.MountTests.Robustness;

/// <summary>Malformed files beside good archives: each name has an answer soon, and the good ones go on reading.</summary>
public sealed class HostileTreeTests
{
    /// <summary>Longer than any answer may take; a mount that hangs fails here and not in the machine's own time.</summary>
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    private static readonly string[] s_good = ["row4_float_span0_5bit", "bits0_float_deflate", "volume_odd_5bit"];

    [Fact]
    public async Task EveryName_BesideGoodArchives_IsAnsweredWithinTheMemoryThatIsAllowed()
    {
        using var folder = new TemporaryFolder();
        var own = new Dictionary<string, byte[]>();
        foreach (string path in Directory.GetFiles(GoldenData.PathOf("hostile-hdf5")))
        {
            // Some came without an extension; the mount looks only at names that promise HDF5.
            string name = Path.GetFileNameWithoutExtension(path) + ".h5";
            File.Copy(path, folder.PathOf(name));
            own.Add(name, File.ReadAllBytes(path));
        }

        foreach (string name in s_good)
        {
            File.Copy(Eman2Case.Named(name).ArchivePath, folder.PathOf(name + ".hdf"));
        }

        using MountedProcess mount = MountedProcess.Start(folder.Path, "--cache-size", "64MiB", "--decode-memory", "64MiB");
        Dictionary<string, byte[]> good = s_good.ToDictionary(name => name, name => File.ReadAllBytes(Path.Combine(mount.MountPoint, name + ".mrc")));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        Task<int> reader = Task.Run(() => ReadAgainAndAgain(mount.MountPoint, good, stop.Token));

        string[] listed = await Task.Run(() => Directory.GetFileSystemEntries(mount.MountPoint)).WaitAsync(s_deadline * 2, TestContext.Current.CancellationToken);
        Assert.NotEmpty(listed);
        foreach ((string name, byte[] bytes) in own)
        {
            string stem = Path.Combine(mount.MountPoint, Path.GetFileNameWithoutExtension(name));
            byte[]? raw = await Answer(Path.Combine(mount.MountPoint, name));
            Assert.Equal(bytes, raw);
            await Answer(stem + ".mrc");
            await Answer(stem + ".mrcs");
            Assert.Contains(listed, path => path.StartsWith(stem, StringComparison.Ordinal));
        }

        await stop.CancelAsync();
        Assert.True(await reader > 0);
        mount.WaitForRest();
        Assert.InRange(mount.PeakResidentBytes, 1, (64 + 64 + 200) << 20);
        Assert.All(good, pair => Assert.Equal(pair.Value, File.ReadAllBytes(Path.Combine(mount.MountPoint, pair.Key + ".mrc"))));
    }

    /// <summary>The bytes of a file; null when the answer is an error.</summary>
    private static async Task<byte[]?> Answer(string path) => await Task.Run(() =>
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (IOException)
        {
            return null;
        }
    }).WaitAsync(s_deadline, TestContext.Current.CancellationToken);

    private static int ReadAgainAndAgain(string mountPoint, Dictionary<string, byte[]> good, CancellationToken stop)
    {
        int rounds = 0;
        for (; rounds == 0 || !stop.IsCancellationRequested; rounds++)
        {
            foreach ((string name, byte[] bytes) in good)
            {
                Assert.Equal(bytes, File.ReadAllBytes(Path.Combine(mountPoint, name + ".mrc")));
            }
        }

        return rounds;
    }
}
