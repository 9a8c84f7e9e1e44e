using System.Security.Cryptography;
using Xunit;

namespace VirtualEmFs.MountTests.RealPrograms;

/// <summary>Archives that programs open, write to and replace once more.</summary>
public sealed class RewrittenArchiveTests
{
    private static readonly string s_python = Path.Combine(GoldenData.RepositoryRoot, "tests/python");

    /// <summary>Clamping never runs on a frame twice, and what was stored once stays as it is while the frame stays as it was.</summary>
    [Fact]
    public void HeaderRewritesAndAppends_UnderAClampingRule_LeaveEarlierFramesAsTheyAreStored()
    {
        using var folders = new WrittenTwice("1h", "--profile", "paper");
        string printed = Programs.Check(Programs.Python, "-c", $$"""
            import subprocess, sys, h5py, numpy
            sys.path.insert(0, '{{s_python}}')
            from mrc_writers import header, noise
            path, archive, shape = '{{folders.Mounted}}/mic.mrcs', '{{folders.Source}}/mic.mrcs.hdf', (64, 48)
            def hot(seed):
                frame = noise(seed, shape)
                frame[5, 5] = 12
                return frame
            def stored():
                while b'has it open' in (flush := subprocess.run(['{{Programs.Emfs}}', 'flush', '{{folders.Mounted}}', '--wait'], stderr=subprocess.PIPE)).stderr:
                    pass  # the mount is told of a close after this program has gone on
                flush.check_returncode()
                with h5py.File(archive) as file:
                    images = file['/MDF/images']
                    return [(images[str(i)]['image'][()].tobytes(), *(images[str(i)].attrs['EMAN.stored_' + end][0] for end in ('renderbits', 'rendermin', 'rendermax')))
                            for i in range(int(images.attrs['imageid_max'][0]) + 1)]
            with open(path, 'wb') as file:
                file.write(header((3, *shape)))
                for frame in range(3):
                    file.write(hot(frame).tobytes())
            frames = stored()
            begin = [len(frames)] + [frame[1] for frame in frames]
            for count in range(4, 14):
                with open(path, 'r+b') as file:
                    file.seek(224)
                    file.write(b'rewritten %d' % count)
                assert stored() == frames, f'a header rewritten: {count}'
                with open(path, 'r+b') as file:
                    file.write(header((count, *shape)))
                    file.seek(0, 2)
                    file.write(hot(count).tobytes())
                more = stored()
                assert len(more) == count and more[:-1] == frames, f'a frame appended: {count}'
                frames = more
            print(begin)
            """);
        Assert.Equal("[3, 5, 5, 5]\n", printed);
        Assert.Equal(21, folders.Archived);
        Assert.InRange(folders.Totals.GetProperty("clampedSamples").GetInt64(), 13, 13 * 64 * 48 / 20);
    }

    /// <summary>CTFFIND opens to read and write, and only reads. Others lock, set lengths that are there already, or write what is there.</summary>
    [Fact]
    public void ArchivesOpenedForWriting_AndOnlyRead_AreUntouched()
    {
        using var folders = new WrittenTwice("0s");
        Programs.Check(Programs.Python, "-c", $$"""
            import fcntl, os, subprocess, sys
            sys.path.insert(0, '{{s_python}}')
            from mrc_writers import header, noise
            os.chdir('{{folders.Mounted}}')
            shape = (1, 20, 30)
            for index in range(100):
                with open(f'{index}.mrc', 'wb') as file:
                    file.write(header(shape) + noise(index, shape).tobytes())
            def stored():
                while b'has it open' in (flush := subprocess.run(['{{Programs.Emfs}}', 'flush', '.', '--wait'], stderr=subprocess.PIPE)).stderr:
                    pass  # likewise
                flush.check_returncode()
                return {entry.name: (entry.stat().st_ino, entry.stat().st_mtime_ns, entry.stat().st_size, open(entry.path, 'rb').read())
                        for entry in os.scandir('{{folders.Source}}') if entry.is_file()}
            before = stored()
            assert len(before) == 100
            for index in range(100):
                descriptor = os.open(f'{index}.mrc', os.O_RDWR)
                fcntl.lockf(descriptor, fcntl.LOCK_EX)
                content = os.read(descriptor, 10000)
                assert len(content) == 1024 + 2400, len(content)
                os.ftruncate(descriptor, len(content))
                os.fsync(descriptor)
                os.close(descriptor)
            assert stored() == before
            for index in range(5):
                with open(f'{index}.mrc', 'r+b') as file:
                    content = file.read()
                    file.seek(0)
                    file.write(content)
            after = stored()
            assert {name: (one[0], *one[2:]) for name, one in after.items()} == {name: (one[0], *one[2:]) for name, one in before.items()}
            """);
        Assert.Equal(100, folders.Archived);
        Assert.Equal(5, folders.Totals.GetProperty("untouchedFiles").GetInt64());
    }

    /// <summary>What another program wrote is never changed: the new file takes the name.</summary>
    [Fact]
    public void ForeignArchives_WrittenToAndReplaced_KeepTheirBytes()
    {
        using var folders = new WrittenTwice("1h");
        (string Name, string Shown)[] archives = [("movie.eer", "movie.mrcs"), ("counts.tif", "counts.mrcs"), ("images.hdf", "images.mrcs")];
        File.Copy(GoldenData.PathOf("relion", "eer/f4i_65002_2k/f4i_65002_2k.eer"), Path.Combine(folders.Source, "movie.eer"));
        File.Copy(GoldenData.PathOf("relion", "tiff/u16_bigtiff.tif"), Path.Combine(folders.Source, "counts.tif"));
        Programs.Check(Programs.Python, "-c", $$"""
            import sys, numpy
            sys.path.insert(0, '{{s_python}}')
            import eman2_archive
            eman2_archive.write('{{folders.Source}}/images.hdf', numpy.random.default_rng(3).standard_normal((5, 32, 32)).astype('f4'), 8)
            """);
        string[] Sums() => [.. archives.Select(archive => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(folders.Source, archive.Name)))))];
        string[] before = Sums();

        // One is changed in its first image, two are replaced.
        Programs.Check("cp", Path.Combine(folders.Mounted, "images.mrcs"), folders.Plain);
        string change = Path.Combine(folders.Plain, "new.mrcs");
        Programs.Check(Programs.Python, Path.Combine(s_python, "mrc_writers.py"), "series", folders.Plain, "2", "0");
        File.Move(Path.Combine(folders.Plain, "TS.st"), change);
        File.Delete(Path.Combine(folders.Plain, "TS.st.mdoc"));
        foreach (string folder in new[] { folders.Plain, folders.Mounted })
        {
            Programs.CheckIn(folder, "dd", $"if={change}", "of=images.mrcs", "bs=100", "seek=20", "skip=20", "count=5", "conv=notrunc", "status=none");
            Programs.CheckIn(folder, "cp", change, "movie.mrcs");
            Programs.CheckIn(folder, "cp", change, "replacing.mrcs");
            Programs.CheckIn(folder, "mv", "replacing.mrcs", "counts.mrcs");
        }

        File.Delete(change);
        AssertShown();
        folders.Flush();
        Assert.Equal(3, folders.Archived);
        AssertShown();
        folders.Remount();
        AssertShown();

        void AssertShown()
        {
            Assert.Equal(before, Sums());
            Programs.CheckIn(folders.Mounted, "cmp", "movie.mrcs", Path.Combine(folders.Plain, "movie.mrcs"));
            Programs.CheckIn(folders.Mounted, "cmp", "counts.mrcs", Path.Combine(folders.Plain, "counts.mrcs"));
            Assert.Equal(new FileInfo(Path.Combine(folders.Plain, "images.mrcs")).Length, new FileInfo(Path.Combine(folders.Mounted, "images.mrcs")).Length);
        }
    }
}
