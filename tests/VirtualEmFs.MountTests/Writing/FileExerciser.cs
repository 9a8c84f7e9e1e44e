using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.MountTests.Writing;

/// <summary>
/// Does to one file at random all that programs do to the bytes of a file, and compares with what memory says it must hold: the method of
/// Apple's fsx (which tests file systems by it since 1988), with archiving in between.
/// </summary>
/// <param name="folder">Of the mount.</param>
/// <param name="staysMrc">The header is left alone, and says how long the file is whenever it is closed: then it is archived.</param>
/// <remarks>One thread.</remarks>
internal sealed class FileExerciser(string folder, int seed, bool staysMrc) : IDisposable
{
    private const int LimitBytes = 160 * 1024;
    private const int HeaderBytes = 1024;
    private const int Nx = 64, Ny = 16;
    private const int SectionBytes = Nx * Ny * sizeof(short);
    private const int RememberedSteps = 25;

    private readonly Random _random = new(seed);
    private readonly byte[] _expected = new byte[LimitBytes]; // zero from _length on
    private readonly byte[] _buffer = new byte[LimitBytes + 1];
    private readonly Queue<string> _steps = new();
    private string _path = Path.Combine(folder, "x.mrc");
    private SafeFileHandle? _file, _reader;
    private MemoryMappedViewAccessor? _view;
    private int _length, _viewLength;

    /// <summary>How often the file was archived before it went on.</summary>
    public int ArchivedCount { get; private set; }

    public void Run(int stepCount)
    {
        Check(LinuxFile.Open(_path, LinuxFile.O_RDWR | LinuxFile.O_CREAT, out _file, 0x1A4));
        if (staysMrc)
        {
            WriteAt(0, FileContents.Header(Nx, Ny, 1, mode: 1));
        }

        for (int i = 0; i < stepCount; i++)
        {
            try
            {
                Step(_random.Next(100));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}, step {i}: {e.Message}\n  {string.Join("\n  ", _steps)}", e);
            }
        }

        Close();
        Reopen();
        CompareAll();
    }

    public void Dispose()
    {
        EndMapping();
        _reader?.Dispose();
        _file?.Dispose();
    }

    private void Step(int choice)
    {
        int offset = _random.Next(First, LimitBytes - 1);
        int lengthBytes = 1 + _random.Next(Math.Min(LimitBytes - offset, _random.Next(4) == 0 ? LimitBytes : 6000));
        switch (choice)
        {
            case < 22:
                Note($"read {offset} {lengthBytes}");
                Compare(_file!, offset, lengthBytes);
                break;
            case < 27:
                Note($"read beside {offset} {lengthBytes}");
                OpenReader();
                Compare(_reader!, offset, lengthBytes);
                break;
            case < 47:
                Note($"write {offset} {lengthBytes}");
                WriteAt(offset, RandomBytes(lengthBytes));
                break;
            case < 51:
                Note($"append {lengthBytes}");
                WriteAt(_length, RandomBytes(Math.Min(lengthBytes, LimitBytes - _length)));
                break;
            case < 58:
                int newLength = _random.Next(3) == 0 ? First : Math.Max(First, _random.Next(LimitBytes));
                Note($"set length {newLength}");
                EndMappingBeyond(newLength);
                Check(LinuxFile.SetLength(_file!, newLength));
                NoteLength(newLength);
                break;
            case < 70:
                LoadOrStore(offset, lengthBytes, stores: false);
                break;
            case < 82:
                LoadOrStore(offset, lengthBytes, stores: true);
                break;
            case < 85:
                Note($"allocate {offset} {lengthBytes}");
                Check(LinuxFile.Allocate(_file!, 0, offset, lengthBytes));
                _length = Math.Max(_length, offset + lengthBytes);
                break;
            case < 88:
                Note($"punch {offset} {lengthBytes}");
                Check(LinuxFile.Allocate(_file!, Libc.FALLOC_FL_KEEP_SIZE | Libc.FALLOC_FL_PUNCH_HOLE, offset, lengthBytes));
                _expected.AsSpan(offset, lengthBytes).Clear();
                break;
            case < 90:
                Note($"zero {offset} {lengthBytes}");
                Check(LinuxFile.Allocate(_file!, Libc.FALLOC_FL_ZERO_RANGE, offset, lengthBytes));
                _expected.AsSpan(offset, lengthBytes).Clear();
                _length = Math.Max(_length, offset + lengthBytes);
                break;
            case < 93:
                Note("sync");
                Check(LinuxFile.Sync(_file!, dataOnly: _random.Next(2) == 0));
                break;
            default:
                Close();
                Reopen();
                break;
        }
    }

    // The header is left alone where it must stay one.
    private int First => staysMrc ? HeaderBytes : 0;

    private void Close()
    {
        if (staysMrc)
        {
            int sectionCount = Math.Max(1, (_length - HeaderBytes) / SectionBytes), newLength = HeaderBytes + (sectionCount * SectionBytes);
            Note($"close with {sectionCount} sections");
            EndMappingBeyond(newLength);
            Check(LinuxFile.SetLength(_file!, newLength));
            NoteLength(newLength);
            var sections = new byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(sections, sectionCount);
            WriteAt(8, sections);
        }
        else
        {
            Note("close");
        }

        _reader?.Dispose();
        _reader = null;
        _file!.Dispose();
        if (_view is not null && _random.Next(2) == 0)
        {
            Note("store after close"); // a mapping keeps a file open
            LoadOrStore(First, _length - First, stores: true);
        }

        EndMapping();
        if (_random.Next(40) == 0)
        {
            if (staysMrc)
            {
                WrittenSource.WaitForArchive(_path);
                ArchivedCount++;
            }
            else
            {
                WrittenSource.Rest(folder);
            }
        }
    }

    private void Reopen()
    {
        int flags = LinuxFile.O_RDWR;
        switch (_random.Next(8))
        {
            case 0:
                int newLength = _random.Next(First, LimitBytes);
                Note($"truncate {newLength}");
                Check(Libc.Truncate(_path, newLength));
                NoteLength(newLength);
                break;
            case 1:
                string newPath = Path.Combine(folder, _path.EndsWith("x.mrc", StringComparison.Ordinal) ? "y.st" : "x.mrc");
                Note($"rename to {newPath}");
                Check(LinuxCommit.Rename(_path, newPath));
                _path = newPath;
                break;
            case 2 when !staysMrc:
                Note("empty");
                flags |= LinuxFile.O_TRUNC;
                NoteLength(0);
                break;
        }

        Note("open");
        Check(LinuxFile.Open(_path, flags, out _file));
        if (_random.Next(3) == 0)
        {
            CompareAll();
        }
    }

    private void CompareAll() => Compare(_file!, 0, LimitBytes);

    private void OpenReader()
    {
        if (_reader is null)
        {
            Check(LinuxFile.Open(_path, LinuxFile.O_RDONLY, out _reader));
        }
    }

    private void Compare(SafeFileHandle file, int offset, int lengthBytes)
    {
        int count = 0, errno, readBytes;
        do
        {
            errno = LinuxFile.Read(file, offset + count, _buffer.AsSpan(count, lengthBytes - count), out readBytes);
            count += readBytes;
        }
        while (errno == 0 && readBytes > 0 && count < lengthBytes);

        Check(errno);
        Check(LinuxFile.Stat(file, out var stat));
        if ((int)stat.stx_size != _length)
        {
            throw new InvalidDataException($"the file has {stat.stx_size} bytes instead of {_length}");
        }

        Compare(_buffer.AsSpan(0, count), offset, Math.Clamp(_length - offset, 0, lengthBytes));
    }

    private void Compare(ReadOnlySpan<byte> bytes, int offset, int lengthBytes)
    {
        var expected = _expected.AsSpan(offset, lengthBytes);
        if (!bytes.SequenceEqual(expected))
        {
            int first = bytes.CommonPrefixLength(expected);
            throw new InvalidDataException($"{bytes.Length} bytes were read at {offset} instead of {lengthBytes}; they differ from {offset + first} on");
        }
    }

    /// <summary>Through a shared mapping, which stays from step to step until the file shrinks or is closed.</summary>
    private void LoadOrStore(int offset, int lengthBytes, bool stores)
    {
        if (_view is null || (!_file!.IsClosed && _viewLength < _length && _random.Next(4) == 0))
        {
            EndMapping();
            if (_length == 0)
            {
                return;
            }

            Note($"map {_length}");
            Check(LinuxFile.Read(_file!, 0, _buffer.AsSpan(0, 1), out _)); // a page that cannot be read would end this process

            // The view stays without it, and so does the open file in the kernel.
            using var mapping = MemoryMappedFile.CreateFromFile(_file!, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
            _view = mapping.CreateViewAccessor(0, _viewLength = _length);
        }

        lengthBytes = Math.Min(lengthBytes, _viewLength - offset);
        if (lengthBytes <= 0)
        {
            return;
        }

        Note($"{(stores ? "store" : "load")} {offset} {lengthBytes}");
        if (stores)
        {
            byte[] bytes = RandomBytes(lengthBytes);
            _view.WriteArray(offset, bytes, 0, lengthBytes);
            bytes.CopyTo(_expected.AsSpan(offset));
            if (_random.Next(3) == 0)
            {
                _view.Flush();
            }
        }
        else
        {
            _view.ReadArray(offset, _buffer, 0, lengthBytes);
            Compare(_buffer.AsSpan(0, lengthBytes), offset, lengthBytes);
        }
    }

    /// <summary>What lies behind the end of a file is no memory any more.</summary>
    private void EndMappingBeyond(int lengthBytes)
    {
        if (lengthBytes < _viewLength)
        {
            EndMapping();
        }
    }

    private void EndMapping()
    {
        _view?.Dispose();
        (_view, _viewLength) = (null, 0);
    }

    private void WriteAt(int offset, byte[] bytes)
    {
        int count = 0;
        while (count < bytes.Length)
        {
            Check(LinuxFile.Write(_file!, offset + count, bytes.AsSpan(count), out int writtenBytes));
            count += writtenBytes;
        }

        bytes.CopyTo(_expected.AsSpan(offset));
        _length = Math.Max(_length, offset + bytes.Length);
    }

    private void NoteLength(int lengthBytes)
    {
        _expected.AsSpan(lengthBytes).Clear();
        _length = lengthBytes;
    }

    private byte[] RandomBytes(int lengthBytes)
    {
        var bytes = new byte[lengthBytes];
        _random.NextBytes(bytes);
        return bytes;
    }

    private void Note(string step)
    {
        if (_steps.Count == RememberedSteps)
        {
            _steps.Dequeue();
        }

        _steps.Enqueue(step);
    }

    private static void Check(int errno)
    {
        if (errno != 0)
        {
            throw new IOException(Errno.Message(errno));
        }
    }
}
