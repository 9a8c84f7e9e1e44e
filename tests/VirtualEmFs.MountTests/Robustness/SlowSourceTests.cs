using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace VirtualEmFs.MountTests.Robustness;

/// <summary>A disk that does not answer holds up nothing but its own folder.</summary>
/// <remarks>The slow disk is a mount whose process is stopped by a signal: its reads wait until the process goes on.</remarks>
public sealed class SlowSourceTests : IDisposable
{
    /// <summary>More readers than there are decode threads, or threads for the operations of one folder.</summary>
    private const int SlowFiles = 24;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly MountedProcess _slowDisk;
    private readonly MountedProcess _mount;

    public SlowSourceTests()
    {
        foreach (string name in (string[])["disk", "source/fast", "source/slow", "source/linked", "extracted"])
        {
            Directory.CreateDirectory(_folder.PathOf(name));
        }

        Programs.CheckIn(Path.Combine(GoldenData.RepositoryRoot, "tests/python"), Programs.Python, "-c", """
            import os, shutil, sys, numpy, eman2_archive
            noise = numpy.random.default_rng(3).standard_normal
            folder = sys.argv[1]
            for index in range(3):
                eman2_archive.write(f'{folder}/source/fast/{index}.hdf', [noise((1024, 1024), 'f4')], 5)
            eman2_archive.write(f'{folder}/slow.hdf', [noise((2048, 2048), 'f4')], 5)
            for index in range(int(sys.argv[2])):
                # Under this name the slow disk shows the archive as it is.
                shutil.copyfile(f'{folder}/slow.hdf', f'{folder}/disk/{index}.bin')
                os.symlink(f'../slow/{index}.bin', f'{folder}/source/linked/{index}.hdf')
            """, _folder.Path, $"{SlowFiles}");
        Programs.Check(Programs.Emfs, "extract", _folder.PathOf("slow.hdf"), "-o", _folder.PathOf("extracted", "slow.mrc"));
        Programs.Check(Programs.Emfs, ["extract", .. Directory.GetFiles(_folder.PathOf("source", "fast")), "-o", _folder.PathOf("extracted")]);
        _slowDisk = MountedProcess.StartOn(_folder.PathOf("source", "slow"), _folder.PathOf("disk"), "--attr-timeout", "1h");
        _mount = MountedProcess.Start(_folder.PathOf("source"), "--attr-timeout", "1h");
    }

    public void Dispose()
    {
        _slowDisk.Signal("CONT");
        _mount.Dispose();
        _slowDisk.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("linked/{0}.mrc", "os.O_DIRECT")]
    [InlineData("linked/{0}.mrc", "0")]
    [InlineData("slow/{0}.bin", "os.O_DIRECT")]
    public async Task Folder_BesideOneWhoseDiskHangs_AnswersAtOnce(string name, string flags)
    {
        string[] slow = [.. Enumerable.Range(0, SlowFiles).Select(index => _mount.PathOf(string.Format(CultureInfo.InvariantCulture, name, index)))];
        Programs.Check("ls", "-lR", _mount.MountPoint);
        Programs.Check("stat", slow);
        Programs.Check("cmp", _mount.PathOf("fast", "0.mrc"), _folder.PathOf("extracted", "0.mrc"));
        string expected = name.EndsWith(".mrc", StringComparison.Ordinal) ? _folder.PathOf("extracted", "slow.mrc") : _folder.PathOf("slow.hdf");
        using Process readers = Process.Start(new ProcessStartInfo(Programs.Python, ["-c", $$"""
            import os, sys, threading
            expected = open(sys.argv[1], 'rb').read()
            begin, length = len(expected) * 3 // 4, 1 << 19
            files = [os.open(path, os.O_RDONLY | {{flags}}) for path in sys.argv[2:]]

            def read(file):
                found = os.pread(file, length, begin)
                os.write(1, b'same\n' if found == expected[begin:begin + length] else b'other bytes\n')

            print('open', flush=True)
            input()
            threads = [threading.Thread(target=read, args=(file,)) for file in files]
            for thread in threads:
                thread.start()
            """, expected, .. slow]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        try
        {
            Assert.Equal("open", readers.StandardOutput.ReadLine());
            _slowDisk.Stop();
            Task<string> answers = readers.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            readers.StandardInput.WriteLine();
            Assert.True(SpinWait.SpinUntil(() => _mount.Status().GetProperty("activeRequests").GetInt32() >= SlowFiles, s_deadline), "the readers do not read");

            // Names that are known, bytes that are cached, and archives that nobody has read yet.
            Programs.Check("stat", slow);
            Programs.Check("ls", "-l", _mount.PathOf("fast"));
            foreach (string fast in (string[])["0.mrc", "1.mrc", "2.mrc"])
            {
                Programs.Check("cmp", _mount.PathOf("fast", fast), _folder.PathOf("extracted", fast));
            }

            Assert.True(_mount.Status().GetProperty("activeRequests").GetInt32() >= SlowFiles);
            Assert.False(answers.IsCompleted);
            _slowDisk.Signal("CONT");
            string[] lines = (await answers.WaitAsync(s_deadline, TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(Enumerable.Repeat("same", SlowFiles), lines);
        }
        finally
        {
            _slowDisk.Signal("CONT");
            readers.Kill();
            readers.WaitForExit();
        }
    }
}
