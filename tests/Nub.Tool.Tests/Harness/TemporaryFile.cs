namespace Nub.Tool.Tests.Harness;

/// <summary>A file for the length of a test.</summary>
internal sealed class TemporaryFile : IDisposable
{
    public TemporaryFile(string extension, byte[] content)
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), "nub-" + Guid.NewGuid().ToString("N") + extension);
        File.WriteAllBytes(Path, content);
    }

    public TemporaryFile(string extension, string content)
        : this(extension, System.Text.Encoding.UTF8.GetBytes(content))
    {
    }

    public string Path { get; }

    public void Dispose() => File.Delete(Path);
}
