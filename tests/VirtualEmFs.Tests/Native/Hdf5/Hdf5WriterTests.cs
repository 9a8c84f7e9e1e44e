using System.Runtime.InteropServices;
using VirtualEmFs.Native.Hdf5;
using Xunit;

namespace VirtualEmFs.Tests.Native.Hdf5;

public sealed class Hdf5WriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Write_EveryKindOfObject_IsReadByH5py()
    {
        string path = _folder.PathOf("all.h5");
        using (var writer = Hdf5Writer.Create(path, Hdf5FileLayout.Default))
        {
            using GroupHandle group = writer.CreateGroup(writer.Root, "g", 32);
            writer.WriteAttribute(group, "int", Hdf5Type.Int32, MemoryMarshal.AsBytes<int>([-7]));
            writer.WriteAttribute(group, "floats", Hdf5Type.Float32, MemoryMarshal.AsBytes<float>([1.5f, -2]));
            writer.WriteAttribute(group, "text", "Krios µ");
            writer.WriteAttribute(group, "pair", ["00", "01"], Hdf5Type.Float32, MemoryMarshal.AsBytes<float>([3, 4]));
            writer.RewriteAttribute(group, "int", Hdf5Type.Int32, MemoryMarshal.AsBytes<int>([8]));
            writer.WriteDataset(group, "whole", Hdf5Type.UInt16, [2, 3], MemoryMarshal.AsBytes<ushort>([0, 1, 2, 3, 4, 65535]));
            using DatasetHandle chunked = writer.CreateDataset(group, "image", Hdf5Type.UInt8, [3, 4], [2, 4], new Hdf5Filters(false, 6));
            writer.WriteChunk(chunked, [0, 0], 1, [0, 1, 2, 3, 4, 5, 6, 7]);
            writer.WriteChunk(chunked, [2, 0], 1, [8, 9, 10, 11, 0, 0, 0, 0]);
            writer.Close();
        }

        string said = Python.Run($"""
            import h5py
            f = h5py.File({Python.Quote(path)}, 'r'); g = f['g']
            print(g.attrs['int'].tolist(), g.attrs['floats'].tolist(), g.attrs['text'].decode(), g.attrs['pair'].tolist())
            print(g['whole'][...].tolist(), g['image'][...].tolist(), g['image'].compression_opts, g['image'].chunks)
            """);
        Assert.Equal(
            "[8] [1.5, -2.0] Krios µ [(3.0, 4.0)]\n"
            + "[[0, 1, 2], [3, 4, 65535]] [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]] 6 (2, 4)",
            said);
    }

    [Fact]
    public void Create_FileExists_ThrowsTheLibrarysReason()
    {
        string path = _folder.PathOf("there.h5");
        File.WriteAllText(path, "mine");
        Hdf5Exception exception = Assert.Throws<Hdf5Exception>(() => Hdf5Writer.Create(path, Hdf5FileLayout.Default));
        Assert.Equal("H5Fcreate", exception.Function);
        Assert.Contains("File exists", exception.Message, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(path));
    }

    [Fact]
    public void CreateGroup_NameTaken_ThrowsAndFileStaysUsable()
    {
        string path = _folder.PathOf("twice.h5");
        using var writer = Hdf5Writer.Create(path, Hdf5FileLayout.Default);
        writer.CreateGroup(writer.Root, "g").Dispose();
        Hdf5Exception exception = Assert.Throws<Hdf5Exception>(() => writer.CreateGroup(writer.Root, "g"));
        Assert.Contains("name already exists", exception.Message, StringComparison.Ordinal);
        writer.CreateGroup(writer.Root, "h").Dispose();
        writer.Close();
        Assert.Equal("g h", Python.Run($"import h5py\nprint(*h5py.File({Python.Quote(path)}, 'r'))"));
    }

    [Fact]
    public void Version_OfTheInstalledLibrary_IsNewEnough() =>
        Assert.InRange(Hdf5Library.Version, Hdf5Library.OldestVersion, new Version(3, 0));

    public void Dispose() => _folder.Dispose();
}
