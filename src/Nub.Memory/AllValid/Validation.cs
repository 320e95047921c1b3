namespace Nub.Memory;

/// <summary>The generated check of a type, found once.</summary>
internal static class Validation<T> where T : unmanaged
{
    private static readonly IValidateOnRead<T>? s_validator = Once.Make(static () => default(T) as IValidateOnRead<T>);

    /// <summary>The check.</summary>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> was not generated as <c>[ValidateOnRead]</c>.</exception>
    public static IValidateOnRead<T> Validator => s_validator ?? throw new NotAllValidException(typeof(T), "ValidateOnRead");
}
