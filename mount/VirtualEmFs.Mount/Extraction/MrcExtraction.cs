using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Mount.Extraction;

/// <summary>
/// Writes one virtual file as a real one: its header, then every block where it belongs. The file takes its name only when it is whole
/// and on the disk; until then it has a temporary name beside it.
/// </summary>
internal sealed class MrcExtraction : IBlockJob
{
    private readonly IArchive _archive;
    private readonly VirtualMrc _mrc;
    private readonly bool _replace;
    private readonly Action<MrcExtraction, IOException?> _report;
    private readonly string _temporaryPath;
    private readonly SafeFileHandle _file;
    private bool _disposed;

    /// <param name="archive">Owned from here on.</param>
    /// <param name="mrc">The file to write, of the same archive.</param>
    /// <param name="replace">A file of that name may be replaced.</param>
    /// <param name="report">Called once at the end, with the reason when there is no file.</param>
    public MrcExtraction(IArchive archive, VirtualMrc mrc, string path, bool replace, Action<MrcExtraction, IOException?> report)
    {
        (_archive, _mrc, Path, _replace, _report) = (archive, mrc, path, replace, report);
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        _temporaryPath = System.IO.Path.Combine(folder, $".{System.IO.Path.GetFileName(path)}.{Environment.ProcessId}.part");
        _file = File.OpenHandle(_temporaryPath, FileMode.Create, FileAccess.Write, FileShare.Read);
        RandomAccess.Write(_file, mrc.Header.Span, 0);
    }

    public ArchiveDescription Description => _archive.Description;

    /// <summary>The file that is written.</summary>
    public string Path { get; }

    public long LengthBytes => _mrc.LengthBytes;

    public long BlockCount => Description.Grid.BlockCount;

    public void Process(long block, WorkerBuffer buffer, DecodeSlots slots) => BlockRendering.Render(
        _archive, _mrc, block, buffer, slots, (bytes, fileOffset) => RandomAccess.Write(_file, bytes, fileOffset));

    public void Finish(IOException? fault)
    {
        if (fault is null)
        {
            try
            {
                RandomAccess.FlushToDisk(_file);
                TakeName();
            }
            catch (IOException e)
            {
                fault = e;
            }
        }

        _report(this, fault);
    }

    private void TakeName()
    {
        int errno = _replace ? Errno.EINVAL : LinuxCommit.RenameWithoutReplacing(_temporaryPath, Path);
        if (errno == Errno.EEXIST)
        {
            throw new IOException($"{Path}: the file exists; --force replaces it.");
        }

        // File systems that cannot rename without replacing (NFS) say EINVAL; the runtime then links and unlinks.
        if (errno != 0)
        {
            File.Move(_temporaryPath, Path, _replace);
        }
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _file.Dispose();
            _archive.Dispose();
            File.Delete(_temporaryPath); // nothing when it has taken its name
        }
    }
}
